import { errors } from 'undici';
import { describe, expect, it } from 'vitest';
import { ProxyError, explainProxy, proxyErrorOf, unreachable } from '../../../../src/oci/http/proxy-error.ts';

const PROXY = new URL('http://proxy:3128');
const WITH_LOGIN = new URL('http://user:pa55@proxy:3128');

describe('explainProxy', () => {
  it.each([
    [
      'Proxy response (403) !== 200 when HTTP Tunneling',
      PROXY,
      /does not let the connection through.*NO_PROXY/,
      false,
    ],
    ['Proxy response (503) !== 200 when HTTP Tunneling', PROXY, /status 503/, true],
    ['Proxy Authentication Required (407)', PROXY, /requires a user name and a password/, false],
    ['Proxy Authentication Required (407)', WITH_LOGIN, /refuses its user name and password/, false],
  ])('explains %s', (message, proxy, explained, isRetryable) => {
    const error = explainProxy(proxy, new Error(message));
    expect(error).toBeInstanceOf(ProxyError);
    expect(error).toMatchObject({ retryable: isRetryable });
    expect(error.message).toMatch(/^The proxy proxy:3128 /);
    expect(error.message).toMatch(explained);
    expect(error.message).not.toContain('pa55');
  });

  it('returns an error that is not the proxy’s unchanged', () => {
    const error = new errors.HeadersTimeoutError();
    expect(explainProxy(PROXY, error)).toBe(error);
  });
});

describe('proxyErrorOf', () => {
  it('finds the failure of the proxy among the causes of an error', () => {
    const failure = unreachable('proxy:3128', new Error('connect ECONNREFUSED'));
    const outer = new Error('outer', { cause: new Error('inner', { cause: failure }) });
    expect(proxyErrorOf(outer)).toBe(failure);
    expect(proxyErrorOf(failure)).toBe(failure);
    expect(proxyErrorOf(new Error('other', { cause: 'text' }))).toBeUndefined();
    expect(failure.message).toMatch(/^The proxy proxy:3128 can't be reached \(connect ECONNREFUSED\): check/);
  });
});
