import { describe, expect, it } from 'vitest';
import { inputProblems, parseTestInputs } from '../../support/fixtures/inputs.ts';

describe('the proxy', () => {
  it('accepts a proxy whose password has a bare "%", and masks it', () => {
    const masked: string[] = [];
    expect(inputProblems({ proxy: 'http://u:100%@proxy.example:1' }, { masked })).toBe('none');
    expect(masked).toContain('100%');
  });

  it.each([
    [{}, {}, {}],
    [{ proxy: 'http://p:1' }, {}, { http: 'http://p:1', https: 'http://p:1' }],
    [
      { proxy: 'http://p:1' },
      { HTTPS_PROXY: 'http://q:2', NO_PROXY: 'a.test' },
      { http: 'http://p:1', https: 'http://p:1', none: 'a.test' },
    ],
    [
      {},
      { HTTPS_PROXY: 'http://q:2', http_proxy: 'http://r:3', no_proxy: 'b.test' },
      { http: 'http://r:3', https: 'http://q:2', none: 'b.test' },
    ],
    [{}, { HTTPS_PROXY: '', https_proxy: 'http://lower:1', HTTP_PROXY: '' }, { https: 'http://lower:1' }],
    [{}, { ALL_PROXY: 'http://all:1', all_proxy: 'http://all:1' }, {}],
    [{}, { HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:1' }, { https: 'http://upper:1' }],
  ])('is read from the inputs %j and the environment %j', (given, env: Record<string, string>, proxy) => {
    expect(parseTestInputs(given, { env }).proxy).toEqual(proxy);
  });

  it('is refused if the environment has an invalid one, which is not shown', () => {
    const message = inputProblems({}, { env: { HTTP_PROXY: 'socks5://me:hidden@proxy.test:1080' } });
    expect(message).toContain('HTTP_PROXY');
    expect(message).not.toContain('hidden');
  });
});

describe('lists of hosts', () => {
  it('are read in the form in which hosts are looked up', () => {
    const given = { 'insecure-registries': 'Registry.example:5000, [::1]:5000 # lab' };
    expect(parseTestInputs(given).insecureRegistries).toEqual(
      new Set(['registry.example:5000', '[::1]:5000']),
    );
    expect(parseTestInputs({}).insecureRegistries).toEqual(new Set());
  });
});
