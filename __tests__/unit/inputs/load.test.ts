import { describe, expect, it } from 'vitest';
import { loadInputs } from '../../../src/inputs/load.ts';
import { InputError } from '../../../src/inputs/reader.ts';
import { loadTestInputs } from '../../support/fixtures/inputs.ts';

const FILE = 'defaults: { target: docker.io/gcrxio }\nnamespaces: { gcr.io/a: }\n';

describe('loadInputs', () => {
  it('joins the inputs with the config file that they name', async () => {
    const { namespaces } = await loadTestInputs({ latest: '3' }, FILE);
    expect(namespaces).toMatchObject([
      { namespace: { registry: 'gcr.io', path: 'a' }, target: { path: 'gcrxio' }, filters: { latest: 3 } },
    ]);
  });

  it('reads no file before all inputs are right', async () => {
    const paths: string[] = [];
    const source = {
      get: (name: string) => (name === 'config' ? 'mirror.yml' : ''),
      platform: 'linux' as const,
      eventName: '',
      event: undefined,
      env: {},
      now: 0,
      mask: () => undefined,
    };
    const loaded = loadInputs(source, async (path) => {
      paths.push(path);
      return Promise.resolve(FILE);
    });
    await expect(loaded).rejects.toThrow(InputError);
    expect(paths).toEqual([]);
  });
});
