import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeList, codeSpan, escapeMarkdown } from '../../../src/mirror/markdown.ts';

describe('codeSpan', () => {
  it('keeps names of images and tags unchanged', () => {
    expect(codeSpan('a/b_c.d-e:v1.2')).toBe('`a/b_c.d-e:v1.2`');
  });

  it('returns one span on one line, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(codeSpan(text)).toMatch(/^`[^`|\n\r\u2028\u2029]+`$/);
      }),
    );
  });
});

describe('codeList', () => {
  it('shows the first dozen and counts the rest', () => {
    const items = Array.from({ length: 15 }, (_, index) => `v${index}`);
    expect(codeList(items.slice(0, 12))).toBe(
      items
        .slice(0, 12)
        .map((item) => `\`${item}\``)
        .join(', '),
    );
    expect(codeList(items)).toMatch(/`v11` and 3 more$/);
    expect(codeList(items)).not.toContain('v12');
  });
});

describe('escapeMarkdown', () => {
  it('keeps plain text unchanged', () => {
    expect(escapeMarkdown('gcr.io/google-containers, 12 MB')).toBe('gcr.io/google-containers, 12 MB');
  });

  it.each([
    ['[a](https://b.test)', String.raw`\[a\]\(https\://b.test\)`],
    ['**x** _y_ `z` ~w~', String.raw`\*\*x\*\* \_y\_ \`z\` \~w\~`],
    ['a|b', String.raw`a\|b`],
    ['www.evil.test', String.raw`www\.evil.test`],
    ['@octo', '@\u200bocto'],
    ['#12', '\\#\u200b12'],
    ['<b>&lt;', '&#60;b&#62;&#38;lt;'],
    [String.raw`\<`, String.raw`\\&#60;`],
    ['$x$ ^y^ {z} !', String.raw`\$x\$ \^y\^ \{z\} \!`],
    ['one\r\ntwo\u2028three', 'one two three'],
  ])('turns %j into plain text', (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });

  it('escapes HTML and issue numbers', () => {
    expect(escapeMarkdown('<b>&')).toBe('&#60;b&#62;&#38;');
    expect(escapeMarkdown('see #12')).toBe('see \\#\u200b12');
  });

  it('leaves no markup, whatever the text', () => {
    const markup = fc.constantFrom(
      ...Array.from('\\`*_{}[]()#!|~$^<>&@'),
      '://',
      'www.',
      '&lt;',
      '<!--',
      '\r\n',
      '\u2028',
      'a',
    );
    const texts = fc.oneof(
      fc.array(markup).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const escaped = escapeMarkdown(text);
        expect(escaped).not.toMatch(/[<>\n\r\u2028\u2029]/);
        // Removes the escapes: a backslash with the escaped character, and the three character references.
        const active = escaped.replace(/\\[^]|&#(?:38|60|62);/g, '\0');
        expect(active).not.toMatch(/[\\`*_{}[\]()#!|~$^&]|:\/\/|www\./);
        expect(escaped).not.toMatch(/[@](?!\u200b)/);
      }),
    );
  });
});
