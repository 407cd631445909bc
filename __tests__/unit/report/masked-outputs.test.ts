import { describe, expect, it } from 'vitest';
import type { Credential } from '../../../src/oci/auth/credentials.ts';
import { warnOfMaskedOutput } from '../../../src/report/masked-outputs.ts';

const MATRIX = JSON.stringify({ include: [{ namespace: 'ghcr.io/octo/tools', part: '1/2' }] });
const KEY = { type: 'service_account', private_key: 'secret-key' };

function warnings(given: Partial<Credential>): string[] {
  const credential = {
    username: '_json_key',
    password: 'p4ssword',
    providedBy: 'the inputs username and password',
  };
  return warnOfMaskedOutput('matrix', MATRIX, [{ ...credential, ...given }]);
}

describe('warnOfMaskedOutput', () => {
  it.each(['\n', '\r\n'])(
    'names a secret of several lines, and how to store it, but shows nothing of it: %j',
    (end) => {
      const password = JSON.stringify(KEY, null, 2).replaceAll('\n', end);
      const [warning, ...others] = warnings({ password });
      expect(warning).toMatch(/drops the output "matrix".*from the inputs username and password.*jq -c/);
      expect(warning).not.toMatch(/service_account|secret-key/);
      expect(others).toEqual([]);
    },
  );

  it('finds nothing wrong with the same secret on one line', () => {
    expect(warnings({ password: JSON.stringify(KEY) })).toEqual([]);
  });

  it('names a user name that the output contains, and does not show it', () => {
    const [warning] = warnings({ username: 'octo' });
    expect(warning).toMatch(/contains the user name from the inputs.*use "vars"/);
    expect(warning).not.toContain('octo');
    expect(warnings({ username: 'mona' })).toEqual([]);
  });

  it('finds nothing wrong with a token without a user name or password', () => {
    expect(warnings({ username: '', password: '' })).toEqual([]);
  });
});
