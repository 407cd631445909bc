import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Page } from '../../../../src/report/summary/page.ts';

describe('Page', () => {
  it('joins blocks by lines', () => {
    const page = new Page(1000);
    page.add('## Title\n');
    page.add('- a');
    page.add('- b');
    expect(page.text()).toBe('## Title\n\n- a\n- b\n');
  });

  it('writes a table with aligned columns, and none without rows', () => {
    const page = new Page(1000);
    page.addTable([{ title: 'A' }], []);
    page.addTable([{ title: 'A' }, { title: 'B', align: 'right' }], [['1', '2']]);
    expect(page.text()).toBe('| A | B |\n| --- | ---: |\n| 1 | 2 |\n');
  });

  it('omits all blocks from the first that does not fit, and counts their lines', () => {
    const page = new Page(210);
    page.add('12345');
    page.add('one\ntwo\nthree that is too long');
    page.add('x');
    expect(page.text()).toBe('12345\n\n_4 more lines did not fit: see the JSON report._\n');
  });

  it('folds what a function adds', () => {
    const page = new Page(1000);
    page.addDetails('<code>a</code>', () => page.add('- b'));
    page.add('c');
    expect(page.text()).toBe('<details><summary><code>a</code></summary>\n\n- b\n\n</details>\n\nc\n');
  });

  it('adds nothing when the start of the fold does not fit', () => {
    const page = new Page(220);
    page.addDetails('x'.repeat(40), () => page.add('- b'));
    expect(page.text()).toBe('\n\n_1 more line did not fit: see the JSON report._\n');
  });

  it('closes every fold and keeps its limit, whatever does not fit', () => {
    const blocks = fc.array(fc.tuple(fc.boolean(), fc.string({ unit: 'grapheme', maxLength: 80 })));
    fc.assert(
      fc.property(blocks, fc.integer({ min: 200, max: 1000 }), (all, limit) => {
        const page = new Page(limit);
        for (const [isFolded, text] of all) {
          if (isFolded) page.addDetails('s', () => page.add(text));
          else page.add(text);
        }
        const text = page.text();
        expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
      }),
    );
  });
});
