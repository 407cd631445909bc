import { describe, expect, it } from 'vitest';
import { credentialSources } from '../../../src/action/credentials.ts';
import { openEngine } from '../../../src/action/engine.ts';
import { RegistryEngine } from '../../../src/copy/registry/engine.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';

describe('openEngine', () => {
  it('opens the registry engine without docker', async () => {
    const inputs = parseTestInputs({ engine: 'registry', concurrency: '7', cache: 'false' });
    const { signal } = new AbortController();
    const engine = await openEngine(inputs, credentialSources(inputs), signal);
    expect(engine).toBeInstanceOf(RegistryEngine);
    expect(engine.width).toBeGreaterThanOrEqual(7);
    await engine.close();
  });
});
