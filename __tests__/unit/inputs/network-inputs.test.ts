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
    [{ proxy: 'p:1' }, {}, { http: 'http://p:1', https: 'http://p:1' }],
    [{}, { HTTPS_PROXY: 'proxy.corp:3128' }, { https: 'http://proxy.corp:3128' }],
    [{}, { http_proxy: '10.0.0.1:3128' }, { http: 'http://10.0.0.1:3128' }],
    [{}, { HTTPS_PROXY: 'me:pass@proxy:3128' }, { https: 'http://me:pass@proxy:3128' }],
    [{}, { HTTPS_PROXY: 'localhost:3128' }, { https: 'http://localhost:3128' }],
    [{}, { HTTPS_PROXY: '[::1]:3128' }, { https: 'http://[::1]:3128' }],
    [{}, { HTTPS_PROXY: 'HTTPS://proxy:443' }, { https: 'HTTPS://proxy:443' }],
    [{}, { ALL_PROXY: 'http://all:1' }, { http: 'http://all:1', https: 'http://all:1' }],
    [{}, { all_proxy: 'all:1' }, { http: 'http://all:1', https: 'http://all:1' }],
    [
      {},
      { ALL_PROXY: 'http://all:1', HTTPS_PROXY: 'http://q:2' },
      { http: 'http://all:1', https: 'http://q:2' },
    ],
    [
      {},
      { ALL_PROXY: 'socks5://all:1', HTTPS_PROXY: 'http://q:2', HTTP_PROXY: 'http://r:3' },
      { http: 'http://r:3', https: 'http://q:2' },
    ],
    [{}, { HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:1' }, { https: 'http://upper:1' }],
  ])('is read from the inputs %j and the environment %j', (given, env: Record<string, string>, proxy) => {
    expect(parseTestInputs(given, { env }).proxy).toEqual(proxy);
  });

  it.each([
    ['HTTP_PROXY', 'socks5://me:hidden@proxy.test:1080'],
    ['ALL_PROXY', 'socks5h://me:hidden@proxy.test:1080'],
    ['https_proxy', 'me:hidden@proxy.test:port'],
  ])('is refused once, by name and not by value, if %s has an invalid one', (name, value) => {
    const message = inputProblems({}, { env: { [name]: value } });
    expect(message).toMatch(new RegExp(`^proxy: the value of ${name} is not the URL of an HTTP proxy`));
    expect(message).not.toContain('hidden');
  });

  it('has its password masked without a scheme too', () => {
    const masked: string[] = [];
    parseTestInputs({}, { env: { HTTPS_PROXY: 'me:pass%20word@proxy:3128' }, masked });
    expect(masked).toEqual(expect.arrayContaining(['pass%20word', 'pass word']));
  });
});

describe('lists of hosts', () => {
  it.each([
    ['insecure-registries', 'insecureRegistries'],
    ['trusted-hosts', 'trustedHosts'],
  ] as const)('are read in the form in which hosts are looked up: %s', (name, field) => {
    const given = { [name]: 'Registry.example:5000, [::1]:5000 # lab' };
    expect(parseTestInputs(given)[field]).toEqual(new Set(['registry.example:5000', '[::1]:5000']));
    expect(parseTestInputs({})[field]).toEqual(new Set());
  });
});
