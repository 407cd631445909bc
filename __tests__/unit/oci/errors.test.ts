import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RegistryError, printable, readErrorBody, redactUrl } from '../../../src/oci/errors.ts';

const SIGNED = new URL('https://user:pa55@s3.io/a?X-Amz-Signature=pa55#pa55');

describe('RegistryError', () => {
  it('names the request and its result, without query and user', () => {
    expect(redactUrl(SIGNED)).toBe('https://s3.io/a');
    const inner = new Error('inner');
    const error = new RegistryError({ method: 'GET', url: SIGNED, cause: 'status 503', error: inner });
    expect(error.message).toBe('GET https://s3.io/a: status 503');
    expect(error.cause).toBe(inner);
    expect(JSON.stringify(error)).not.toContain('pa55');
  });

  it('is not retryable and has no status by default', () => {
    const url = SIGNED;
    expect(new RegistryError({ method: 'GET', url, cause: 'x' })).toMatchObject({
      status: undefined,
      codes: [],
      retryable: false,
      retryAfter: undefined,
    });
    const told = { status: 429, codes: ['TOOMANYREQUESTS'], retryable: true, retryAfter: 1000 };
    expect(new RegistryError({ method: 'GET', url, cause: 'x', ...told })).toMatchObject(told);
  });
});

describe('printable', () => {
  it('is one line of bounded length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), fc.nat(400), (text, limit) => {
        const line = printable(text, limit);
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(line.length).toBeLessThanOrEqual(limit + 1);
      }),
    );
  });

  it('keeps words', () => {
    expect(printable('\tToo\r\n\r\nMany \u2028\u0000requests\n')).toBe('Too Many  requests');
    expect(printable('abcdef', 3)).toBe('abc…');
    expect(printable('abc', 3)).toBe('abc');
  });

  it.each([
    ['Get "https://u:p@s3.io/a?X-Sig=pa55": EOF', 'Get "https://s3.io/a": EOF'],
    ['https://u:pa@55@s3.io:8443/#pa55, http://b.io', 'https://s3.io:8443/ http://b.io'],
    ['proxy http://user:pa55@10.0.0.1:3128 refused', 'proxy http://10.0.0.1:3128 refused'],
    ['refused: authorization: Basic dXNlcjpwYTU1OjEyMzQ=', 'refused: authorization: Basic …'],
    ['invalid token "bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"', 'invalid token "bearer …"'],
    ['Bearer realm="https://auth.io/token",service="x"', 'Bearer realm="https://auth.io/token",service="x"'],
    ['basic authentication is off', 'basic authentication is off'],
  ])('removes the credential of %s', (text, line) => {
    expect(printable(text)).toBe(line);
  });

  it('is never a command of the runner, and reads from left to right', () => {
    expect(printable('unknown ##[set-output name=complete]true')).not.toContain('##[');
    expect(printable('##\u202e[add-mask]x')).not.toContain('##[');
    expect(printable('gcr.io/\u202egnp.\u2066exe\u200f')).toBe('gcr.io/ gnp. exe');
  });
});

describe('readErrorBody', () => {
  it.each([
    [
      '{"errors":[{"code":"NAME_UNKNOWN","message":"no\\nsuch"},{"code":"X"},{"message":null}]}',
      { codes: ['NAME_UNKNOWN', 'X', 'UNKNOWN'], text: 'NAME_UNKNOWN: no such; X; UNKNOWN' },
    ],
    ['{"errors":[]}', { codes: [], text: '' }],
    [' <!doctype html><p>x', { codes: [], text: 'the response is an HTML page' }],
    ['Too Many\r\n::error::x', { codes: [], text: 'Too Many ::error::x' }],
    ['{"errors":"none"}', { codes: [], text: '{"errors":"none"}' }],
    ['', { codes: [], text: '' }],
    [
      '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
      { codes: [], text: 'AccessDenied: Request has expired' },
    ],
  ])('reads %s', (body, expected) => {
    expect(readErrorBody(body)).toEqual({ isPage: expected.text.includes('HTML page'), ...expected });
  });

  it('returns lines of bounded length for any JSON', () => {
    const bodies = fc.oneof(
      fc.json(),
      fc
        .array(fc.record({ code: fc.string({ maxLength: 100 }), message: fc.string() }), { maxLength: 120 })
        .map((errors) => JSON.stringify({ errors })),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        const { codes, text } = readErrorBody(body);
        for (const line of [text, ...codes]) expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(text.length).toBeLessThanOrEqual(301);
        expect(codes.length).toBeLessThanOrEqual(100);
      }),
    );
  });
});
