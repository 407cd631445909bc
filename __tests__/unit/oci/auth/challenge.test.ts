import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Challenge, parseChallenge } from '../../../../src/oci/auth/challenge.ts';

/** The realm as text, so that two of them compare by what they say. */
function read(header: string): Record<string, string | undefined> | undefined {
  const challenge: Challenge | undefined = parseChallenge(header);
  if (challenge?.scheme !== 'bearer') return challenge;
  const { realm, scopes, ...rest } = challenge;
  return { ...rest, realm: realm.href, ...(scopes.length > 0 && { scope: scopes.join(' ') }) };
}

const BEARER = 'Bearer realm="https://a.io/token?x=1,2",service="a \\"b\\"",scope="repository:x:pull,push"';

describe('parseChallenge', () => {
  it.each([
    ['alone', BEARER],
    ['after Basic', `Basic realm="x", ${BEARER}`],
    ['before Basic', `${BEARER}, Basic realm="x"`],
    ['after an unknown scheme', `Negotiate, Digest realm="d", nonce="x,y", ${BEARER}`],
  ])('reads Bearer %s, with its quoted commas and quotes', (_, header) => {
    expect(read(header)).toEqual({
      scheme: 'bearer',
      realm: 'https://a.io/token?x=1,2',
      service: 'a "b"',
      scope: 'repository:x:pull,push',
    });
  });

  it.each([
    ['Bearer realm=https://a.io/t,service=s', { scheme: 'bearer', realm: 'https://a.io/t', service: 's' }],
    ['bearer REALM="https://a.io/t"', { scheme: 'bearer', realm: 'https://a.io/t', service: undefined }],
    [
      'BEARER  Realm = "https://a.io/t" , service = s',
      { scheme: 'bearer', realm: 'https://a.io/t', service: 's' },
    ],
    ['basic realm=x', { scheme: 'basic' }],
    ['Basic', { scheme: 'basic' }],
    ['Bearer realm="file:///etc/passwd", Basic realm="x"', { scheme: 'basic' }],
    ['Bearer realm="file:///etc/passwd"', undefined],
    ['Bearer realm="/token"', undefined],
    ['Bearer service="x"', undefined],
    ['Negotiate', undefined],
    ['realm="https://a.io/t"', undefined],
    ['', undefined],
  ])('reads %s', (header, expected) => {
    expect(read(header)).toEqual(expected);
  });

  it('returns any quoted value unchanged', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.boolean(), (service, basicFirst) => {
        const quoted = `Bearer realm="https://a.io/t",service="${service.replace(/["\\]/g, '\\$&')}"`;
        const header = basicFirst ? `Basic realm="a, b", ${quoted}` : `${quoted}, Basic realm="a, b"`;
        expect(read(header)).toEqual({ scheme: 'bearer', realm: 'https://a.io/t', service });
      }),
    );
  });

  it('returns a challenge that can be answered, or none, for any header', () => {
    const pieces = fc.array(
      fc.constantFrom('Bearer', 'Basic', 'realm', 'service', '=', '"', '\\', ',', ' ', 'https://a.io', 'x'),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          pieces.map((all) => all.join('')),
        ),
        (header) => {
          const challenge = parseChallenge(header);
          const protocol = challenge?.scheme === 'bearer' ? challenge.realm.protocol : challenge?.scheme;
          expect(['https:', 'http:', 'basic', undefined]).toContain(protocol);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('reads a hostile header in bounded time', () => {
    const started = performance.now();
    for (const part of ['a="\\', 'a=', 'a ', '" ', ', ']) parseChallenge(`Bearer ${part.repeat(100_000)}`);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
