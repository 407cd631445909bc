import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPage } from '../../../../src/oci/http/link.ts';

const BASE = new URL('https://quay.io/v2/a/tags/list?n=1');

describe('nextPage', () => {
  it.each([
    [
      '</v2/a/tags/list?n=1&next_page=gAAA%3D>; rel="next"',
      'https://quay.io/v2/a/tags/list?n=1&next_page=gAAA%3D',
    ],
    ['<https://quay.io/x>; rel=next', 'https://quay.io/x'],
    ['<//quay.io/x>; rel=next', 'https://quay.io/x'],
    ['<?last=b>; foo="a"; rel="last next"', 'https://quay.io/v2/a/tags/list?last=b'],
    ['<list?last=a,b>;REL="NEXT"', 'https://quay.io/v2/a/tags/list?last=a,b'],
    ['</prev>; rel="prev", </next>; rel="next"', 'https://quay.io/next'],
    ['</next>; rel="next", </prev>; rel="prev"', 'https://quay.io/next'],
    ['<http://quay.io/x?last=b>; rel="next"', 'https://quay.io/x?last=b'],
    ['<http://inside:5000/x>; rel="next"', 'https://quay.io/x'],
    ['<//evil.com/x>; rel="next"', 'https://quay.io/x'],
    ['<https://me:pw@evil.com:444//quay.io/x#y>; rel="next"', 'https://quay.io//quay.io/x'],
  ])('reads %s', (header, expected) => {
    expect(nextPage(header, BASE)?.href).toBe(expected);
  });

  it.each([
    undefined,
    '',
    'nonsense',
    '</x>',
    '</x>; rel="prev"',
    '</x>; rel="nextish"',
    '</x>; rel="un-next"',
    '<http://[bad>; rel="next"',
    '<javascript:alert(1)>; rel="next"',
    '<file:///etc/passwd>; rel="next"',
  ])('follows nothing in %s', (header) => {
    expect(nextPage(header, BASE)).toBeUndefined();
  });

  it('reads a hostile header in bounded time', () => {
    const started = performance.now();
    for (const part of [' ', ';', ';rel=', '<', '<x>;']) nextPage(`<x>; rel=${part.repeat(16_000)}x`, BASE);
    expect(performance.now() - started).toBeLessThan(200);
  });

  it('stays on the host for any header', () => {
    const links = fc
      .tuple(
        fc.constantFrom(
          '/',
          '//',
          '?',
          '',
          '\\\\',
          '/\\',
          'https://',
          'https:',
          'http://',
          'https://quay.io@',
        ),
        fc.oneof(fc.constantFrom('quay.io', 'evil.com', 'quay.io:1', '[::1]'), fc.string({ maxLength: 8 })),
      )
      .map(([start, rest]) => `<${start}${rest}>; rel="next"`);
    fc.assert(
      fc.property(fc.oneof(links, fc.string({ unit: 'binary' })), (header) => {
        expect(nextPage(header, BASE)?.origin ?? BASE.origin).toBe(BASE.origin);
      }),
      { numRuns: 1000 },
    );
  });
});
