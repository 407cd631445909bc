import { describe, expect, it } from 'vitest';
import { type Token, TokenCache } from '../../../../src/oci/auth/token-cache.ts';

class Setup {
  now = 0;
  requests = 0;
  readonly cache = new TokenCache(() => this.now);

  async get(key: string): Promise<string> {
    return this.cache.get(key, async () => this.#request());
  }

  async #request(): Promise<Token> {
    this.requests += 1;
    const header = `Bearer t${this.requests}`;
    await new Promise((resolve) => setImmediate(resolve));
    return { header, renewAt: this.now + 1000 };
  }
}

describe('TokenCache', () => {
  it('requests a token once for all who need it, and again when it is time to renew it', async () => {
    const setup = new Setup();
    expect(await Promise.all(['a', 'a', 'b'].map(async (key) => setup.get(key)))).toEqual([
      'Bearer t1',
      'Bearer t1',
      'Bearer t2',
    ]);
    setup.now = 999;
    expect(await setup.get('a')).toBe('Bearer t1');
    setup.now = 1000;
    expect(await setup.get('a')).toBe('Bearer t3');
  });

  it('requests again after a failure', async () => {
    const setup = new Setup();
    const failed = setup.cache.get('a', async () => Promise.reject(new Error('down')));
    await expect(failed).rejects.toThrow('down');
    expect(await setup.get('a')).toBe('Bearer t1');
  });

  it('drops a token that was refused, but not its successor', async () => {
    const setup = new Setup();
    const old = await setup.get('a');
    setup.cache.drop('a', old);
    expect(await setup.get('a')).toBe('Bearer t2');
    setup.cache.drop('a', old);
    expect(await setup.get('a')).toBe('Bearer t2');
  });

  it('keeps the thousand tokens that were set last', async () => {
    const setup = new Setup();
    for (let number = 0; number <= 1000; number += 1)
      setup.cache.set(`k${number}`, { header: `Bearer k${number}`, renewAt: 1 });
    setup.cache.set('k1', { header: 'Bearer again', renewAt: 1 });
    setup.cache.set('k1001', { header: 'Bearer k1001', renewAt: 1 });
    expect(await setup.get('k1')).toBe('Bearer again');
    expect(await setup.get('k3')).toBe('Bearer k3');
    expect(await setup.get('k2')).toBe('Bearer t1');
    expect(await setup.get('k0')).toBe('Bearer t2');
  });
});
