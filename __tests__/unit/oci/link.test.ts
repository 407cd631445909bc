import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPage } from '../../../src/oci/link.ts';

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
    '<https://evil.com/x>; rel="next"',
    '<//evil.com/x>; rel="next"',
    '<https://quay.io:444/x>; rel="next"',
    '<http://quay.io/x>; rel="next"',
    '<http://[bad>; rel="next"',
    '<javascript:alert(1)>; rel="next"',
  ])('follows nothing in %s', (header) => {
    expect(nextPage(header, BASE)).toBeUndefined();
  });

  it('stays on the host, whatever the header', () => {
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
