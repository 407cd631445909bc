import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenge } from '../../../src/oci/challenge.ts';
import { printable, readErrorBody, redactUrl } from '../../../src/oci/errors.ts';
import { nextPage } from '../../../src/oci/link.ts';
import { mediaTypeOf, readManifest } from '../../../src/oci/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST, SCHEMA1 } from '../../../src/oci/media-types.ts';
import {
  canonicalHost,
  isLoopback,
  isRegistryHost,
  isRepositoryName,
  isTag,
} from '../../../src/oci/names.ts';
import { isPrivateHost, mayFollow, mayHaveCredentials } from '../../../src/oci/origin.ts';
import { backoffDelay, isRetryableStatus, parseRetryAfter } from '../../../src/oci/retry.ts';

const url = (text: string): URL => new URL(text);
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

describe('names', () => {
  it.each(['a', 'a/b-c/d__e', 'library/alpine', 'github.com/knative/serving', 'a---b'])(
    'takes the repository %s',
    (name) => {
      expect(isRepositoryName(name)).toBe(true);
    },
  );

  it.each([
    '',
    'A',
    '-a',
    'a-',
    'a//b',
    '/a',
    'a/',
    'a..b',
    '../a',
    'a b',
    'a:b',
    'a@b',
    'a\n',
    'é',
    'a'.repeat(256),
  ])('refuses the repository %j', (name) => {
    expect(isRepositoryName(name)).toBe(false);
  });

  it.each([
    ['v1.2_3-x', true],
    ['_', true],
    ['-rf', false],
    ['.x', false],
    ['', false],
    ['a/b', false],
    ['a\n', false],
    ['a'.repeat(129), false],
  ])('judges the tag %j', (tag, valid) => {
    expect(isTag(tag)).toBe(valid);
  });

  it('lets nothing through that could leave a path or start an option', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z./_-]{1,12}$/)), (text) => {
        const accepted = isRepositoryName(text) || isTag(text);
        expect(accepted && (/^[-./]|\.\.\/|\/\.\.|\/\/|\s/.test(text) || text === '..')).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['gcr.io', true],
    ['localhost:5000', true],
    ['[::1]:5000', true],
    ['a_b.io', false],
    ['-a.io', false],
    ['a.io/b', false],
    ['a.io:port', false],
    ['', false],
  ])('judges the host %j', (host, valid) => {
    expect(isRegistryHost(host)).toBe(valid);
  });

  it("has one name for Docker Hub, and knows loopback's", () => {
    expect(['docker.io', 'index.docker.io', 'Registry-1.docker.io'].map(canonicalHost)).toEqual(
      Array(3).fill('docker.io'),
    );
    expect(['localhost', '127.9.9.9:1', '[::1]:2'].every(isLoopback)).toBe(true);
    expect(['127.0.0.1.evil.com', 'localhost.evil.com', '10.0.0.1'].some(isLoopback)).toBe(false);
  });
});

describe('parseChallenge', () => {
  it('reads Bearer with quoted commas and quotes, before Basic in whatever order', () => {
    const bearer =
      'Bearer realm="https://a.io/token?x=1,2",service="a \\"b\\"",scope="repository:x:pull,push"';
    for (const header of [bearer, `Basic realm="x", ${bearer}`, `${bearer}, Basic realm="x"`]) {
      const challenge = parseChallenge(header);
      expect(challenge).toMatchObject({ scheme: 'bearer', service: 'a "b"' });
      expect(challenge?.scheme === 'bearer' && challenge.realm.href).toBe('https://a.io/token?x=1,2');
    }
  });

  it('falls back to Basic, and takes no realm that is no http URL', () => {
    expect(parseChallenge('basic realm=x')).toEqual({ scheme: 'basic' });
    expect(parseChallenge('Bearer realm="file:///etc/passwd"')).toBeUndefined();
    expect(parseChallenge('Negotiate')).toBeUndefined();
    expect(parseChallenge('')).toBeUndefined();
  });

  it('ends for any header', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z=", \\]{0,60}$/)), (header) => {
        const challenge = parseChallenge(header);
        expect(['basic', 'bearer', undefined]).toContain(challenge?.scheme);
      }),
      { numRuns: 1000 },
    );
    const started = performance.now();
    parseChallenge(`Bearer ${'a="\\'.repeat(100_000)}`);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('nextPage', () => {
  const base = new URL('https://quay.io/v2/a/tags/list?n=1');
  it.each([
    [
      '</v2/a/tags/list?n=1&next_page=gAAA%3D>; rel="next"',
      'https://quay.io/v2/a/tags/list?n=1&next_page=gAAA%3D',
    ],
    ['<https://quay.io/x>; rel=next', 'https://quay.io/x'],
    ['<?last=b>; foo="a"; rel="last next"', 'https://quay.io/v2/a/tags/list?last=b'],
    ['</prev>; rel="prev", </next>; rel="next"', 'https://quay.io/next'],
    ['<https://evil.com/x>; rel="next"', undefined],
    ['<http://quay.io/x>; rel="next"', undefined],
    ['</x>; rel="nextish"', undefined],
    ['<http://[bad>; rel="next"', undefined],
    ['nonsense', undefined],
  ])('reads %s', (header, expected) => {
    expect(nextPage(header, base)?.href).toBe(expected);
  });

  it('never leaves the host, whatever the header', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl().map((url) => `<${url}>; rel="next"`),
        ),
        (header) => {
          expect(nextPage(header, base)?.host ?? 'quay.io').toBe('quay.io');
        },
      ),
    );
  });
});

describe('origin', () => {
  it.each([
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '127.0.0.1',
    '[::1]',
    '[fd00::1]',
    '[fe80::1]',
    'metadata.google.internal',
    'printer.local',
  ])('knows %s as private', (host) => {
    expect(isPrivateHost(host)).toBe(true);
  });
  it.each(['8.8.8.8', 'gcr.io', '172.32.0.1', '[2001:db8::1]'])('knows %s as public', (host) => {
    expect(isPrivateHost(host)).toBe(false);
  });
  it.each([
    ['https://gcr.io/a', 'https://storage.googleapis.com/b', true],
    ['https://gcr.io/a', 'http://gcr.io/b', false],
    ['https://gcr.io/a', 'https://169.254.169.254/latest', false],
    ['https://gcr.io/a', 'https://localhost/x', false],
    ['http://127.0.0.1:1/a', 'http://127.0.0.1:2/b', true],
    ['https://gcr.io/a', 'ftp://gcr.io/b', false],
  ])('from %s to %s: %s', (from, to, allowed) => {
    expect(mayFollow(url(from), url(to))).toBe(allowed);
  });
  it.each([
    ['https://registry-1.docker.io', 'https://auth.docker.io/token', true],
    ['https://registry.gitlab.com', 'https://gitlab.com/jwt/auth', true],
    ['https://ghcr.io', 'https://ghcr.io/token', true],
    ['https://quay.io', 'https://evil.com/token', false],
    ['https://quay.io', 'https://notquay.io/token', false],
    ['https://gcr.io', 'http://gcr.io/token', false],
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5001/token', true],
    ['http://127.0.0.1:5000', 'http://10.0.0.1/token', false],
  ])('the credentials of %s to %s: %s', (registry, realm, allowed) => {
    expect(mayHaveCredentials(url(registry), url(realm))).toBe(allowed);
  });
});

describe('retry', () => {
  it('reads Retry-After as seconds or a date', () => {
    const now = Date.parse('2026-11-24T12:00:00Z');
    expect(parseRetryAfter('60', now)).toBe(60_000);
    expect(parseRetryAfter('Tue, 24 Nov 2026 12:00:30 GMT', now)).toBe(30_000);
    expect(parseRetryAfter('Tue, 24 Nov 2026 11:00:00 GMT', now)).toBe(0);
    expect(parseRetryAfter('soon', now)).toBeUndefined();
    expect(parseRetryAfter(undefined, now)).toBeUndefined();
  });
  it('grows within half a minute, with jitter', () => {
    expect(backoffDelay(0, () => 0)).toBe(250);
    expect(backoffDelay(0, () => 1)).toBe(500);
    expect(backoffDelay(50, () => 1)).toBe(30_000);
  });
  it('tells passing statuses from lasting ones', () => {
    expect([408, 429, 499, 500, 502, 503, 504, 522].every(isRetryableStatus)).toBe(true);
    expect([400, 401, 403, 404, 405, 409, 413, 501].some(isRetryableStatus)).toBe(false);
  });
});

describe('errors', () => {
  it('shows no query and no user of an URL', () => {
    expect(redactUrl(new URL('https://u:p@s3.io/a?X-Amz-Signature=secret#f'))).toBe('https://s3.io/a');
  });
  it("reads the spec's JSON, HTML and text", () => {
    expect(readErrorBody('{"errors":[{"code":"NAME_UNKNOWN","message":"no\\nsuch"},{"code":"X"}]}')).toEqual({
      codes: ['NAME_UNKNOWN', 'X'],
      text: 'NAME_UNKNOWN: no such; X',
    });
    expect(readErrorBody(' <!doctype html><p>x').text).toBe('the answer is an HTML page');
    expect(readErrorBody('Too Many\r\n::error::x')).toEqual({ codes: [], text: 'Too Many ::error::x' });
  });
  it('is one line of bounded length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const line = printable(text);
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(line.length).toBeLessThanOrEqual(301);
      }),
    );
  });
});

describe('manifest', () => {
  const descriptor = { mediaType: 'x', digest: `sha256:${'a'.repeat(64)}`, size: 1 };

  it('finds the type of what came as plain JSON or text', () => {
    expect(mediaTypeOf(bytes({ mediaType: 'application/vnd.x' }), 'application/json')).toBe(
      'application/vnd.x',
    );
    expect(mediaTypeOf(bytes({ manifests: [] }), 'text/plain; charset=utf-8')).toBe(OCI_INDEX);
    expect(mediaTypeOf(bytes({ config: descriptor }), '')).toBe(OCI_MANIFEST);
    expect(mediaTypeOf(bytes({ schemaVersion: 1 }), 'application/json')).toBe(SCHEMA1);
    expect(mediaTypeOf(bytes({}), 'application/vnd.a+json; charset=utf-8')).toBe('application/vnd.a+json');
  });

  it.each([
    ['not JSON', Buffer.from('<html>')],
    ['no manifest', bytes({ schemaVersion: 2 })],
    ['a digest that is none', bytes({ config: { ...descriptor, digest: 'sha256:../../x' } })],
    ['a negative size', bytes({ config: { ...descriptor, size: -1 } })],
    ['a layer that is no descriptor', bytes({ config: descriptor, layers: ['x'] })],
  ])('refuses %s', (_, content) => {
    expect(() => readManifest({ mediaType: OCI_MANIFEST, bytes: content })).toThrow(/manifest/);
  });

  it('gives a kind or a clear error for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(kindOf(bytes(value))).toMatch(/^(?:index|image|schema1|Error: The manifest .*)$/);
      }),
    );
  });
});

function kindOf(content: Uint8Array): string {
  try {
    return readManifest({ mediaType: OCI_MANIFEST, bytes: content }).kind;
  } catch (error) {
    return String(error);
  }
}
