import { describe, expect, it } from 'vitest';
import { exampleOf, firstSentence } from '../../../scripts/doc-parts.ts';
import { REMEDIES } from '../../../src/oci/remedy.ts';

describe('firstSentence', () => {
  it('ends at the first full stop that ends a sentence', () => {
    expect(firstSentence('A tag such as `v1.2.3`, and `x.json`. More.')).toBe(
      'A tag such as `v1.2.3`, and `x.json`.',
    );
    expect(firstSentence('Only one.')).toBe('Only one.');
    expect(firstSentence('No full stop')).toBe('No full stop');
  });
});

describe('exampleOf', () => {
  it.each(REMEDIES.map(({ says }) => says))(
    'has words that %s matches, and no signs of a pattern',
    (says) => {
      const example = exampleOf(says);
      expect(says.test(example.replaceAll('…', '1'))).toBe(true);
      expect(example).not.toMatch(/[\\|*+?^$]|\(\?/);
    },
  );
});
