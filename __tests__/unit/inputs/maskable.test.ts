import { describe, expect, it } from 'vitest';
import { maskRegistryAuth } from '../../../src/inputs/registry-auth.ts';
import { maskable } from '../../../src/inputs/maskable.ts';

describe('maskable', () => {
  it.each([
    ['', []],
    ['p', ['p']],
    ['{}', ['{}']],
    ['one line', ['one line']],
    ['first line\r\nsecond line\n', ['first line', 'second line']],
    ['{\n  "key": "a"\n}\n', ['  "key": "a"']],
    ['[\n  {\n    "k": 1\n  }\n]', ['    "k": 1']],
  ])('has the lines of %j', (secret, lines) => {
    expect(maskable(secret)).toEqual(lines);
  });

  it('keeps lone braces of a key in registry-auth unmasked', () => {
    const masked: string[] = [];
    const key = '{\n      "private_key": "secret-key"\n    }';
    maskRegistryAuth(`- registry: gcr.io\n  username: _json_key\n  password: |-\n    ${key}\n`, (secret) =>
      masked.push(secret),
    );
    expect(masked.flatMap((secret) => secret.split('\n')).map((line) => line.trim())).not.toContain('{');
    expect(masked.some((secret) => secret.includes('secret-key'))).toBe(true);
  });
});
