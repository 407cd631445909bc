import { beforeAll, describe, expect, it } from 'vitest';
import { INPUT_NAMES } from '../../../src/inputs/input-names.ts';
import { SAFE_OUTPUTS } from '../../../src/report/outputs.ts';
import { loadTestInputs, parseTestInputs } from '../../support/fixtures/inputs.ts';
import { type Action, readAction } from '../../support/run/runner.ts';

let action: Action;
beforeAll(async () => {
  action = await readAction();
});

describe('action.yml', () => {
  it('lists every input that is read, and no other', async () => {
    const asked = new Set<string>();
    await loadTestInputs({ target: 'docker.io/gcrxio' }, 'namespaces: { gcr.io/distroless: }', {
      asked,
      eventName: 'pull_request',
      event: { pull_request: { number: 1 } },
      env: { GITHUB_REPOSITORY: 'octo/here' },
    });
    expect(Array.from(asked).toSorted()).toEqual(Object.keys(action.inputs).toSorted());
  });

  it('lists the inputs whose names are known', () => {
    expect(INPUT_NAMES).toEqual(Object.keys(action.inputs));
  });

  it('lists every output that is set, and no other', () => {
    expect(Object.keys(action.outputs).toSorted()).toEqual(Object.keys(SAFE_OUTPUTS).toSorted());
  });

  it('has the defaults of the contract', () => {
    expect(parseTestInputs({}).concurrency).toBeUndefined();
    expect(parseTestInputs({})).toMatchObject({
      mode: 'sync',
      dryRun: false,
      engine: 'docker',
      namespaces: [{ targetName: '{image}', platforms: 'all', filters: { include: [[], []], exclude: [] } }],
      recheck: 30,
      queryConcurrency: 50,
      targetConcurrency: 100,
      httpTimeout: 30_000,
      retries: 5,
      failOnError: true,
      cache: true,
      compareContent: true,
      trustedHosts: new Set(),
      shard: { first: 0, last: 0, total: 1 },
      maxShards: 20,
      monitor: { count: 1, interval: 5000 },
      metadata: { owner: 'octo', repo: 'meta', changelogPath: 'CHANGELOG.md', timezone: 'UTC' },
    });
  });
});
