import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imagesSection, isListWanted } from '../../../src/inputs/issue-form.ts';
import { issueBody } from '../../support/fixtures/issues.ts';

describe('imagesSection', () => {
  it.each([
    ['a rendered field', issueBody('nginx:1.27\nbusybox'), 'nginx:1.27\nbusybox'],
    ['a plain field', '### Images\n\nnginx:1.27\n\n### List\n\nother', 'nginx:1.27'],
    ['line ends of Windows', '### Images\r\n\r\nnginx:1.27\r\nbusybox\r\n', 'nginx:1.27\nbusybox'],
    ['an empty field', '### Images\n\n_No response_\n\n### List', ''],
    ['fences in fences', issueBody('~~~\n```\nnginx\n```\n~~~', { fence: '````text' }), 'nginx'],
    [
      'a comment',
      '### Images\n<!-- evil/hidden:1 -->\nnginx\n<!--\nevil/hidden:2\n-->\nbusybox',
      'nginx\n\n\n\nbusybox',
    ],
    ['a comment that is not closed', '### Images\nnginx\n<!-- evil/hidden:1\nevil/hidden:2', 'nginx'],
    ['a second section of the name', '### Images\nnginx\n### Why\n### Images\nevil/second', 'nginx'],
  ])('reads %s', (_, body, section) => {
    expect(imagesSection(body)).toBe(section);
  });

  it.each([
    '',
    '## Images\nnginx',
    '### Images please\nnginx',
    '<!--\n### Images\n-->\nnginx',
    'text ### Images\nx',
  ])('finds none in %j', (body) => {
    expect(imagesSection(body)).toBeUndefined();
  });

  it('takes little time for a megabyte of comments, and for any text', () => {
    const started = performance.now();
    imagesSection(`### Images\n${'<!-- '.repeat(200_000)}`);
    imagesSection(`### Images\n${'<!-- -->'.repeat(125_000)}`);
    imagesSection(`### Images\n${'`'.repeat(1_000_000)}`);
    expect(performance.now() - started).toBeLessThan(2000);
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) => imagesSection(`### Images\n${text}`) !== undefined,
      ),
    );
  });

  it('never returns what a comment hides', () => {
    const word = fc.constantFrom('<!--', '-->', 'nginx', 'SECRET', '\n', ' ', '```');
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const body = `### Images\n<!-- ${words.filter((one) => one !== '-->').join('')}`;
        return imagesSection(body)?.includes('SECRET') !== true;
      }),
    );
  });
});

describe('isListWanted', () => {
  it('is true for the ticked checkbox alone', () => {
    expect(isListWanted(issueBody('nginx', { list: true }))).toBe(true);
    expect(isListWanted(issueBody('nginx'))).toBe(false);
    expect(isListWanted('- [x] Add these images to the list of somebody')).toBe(false);
    expect(isListWanted('<!-- \n- [x] Add these images to the list\n-->')).toBe(false);
  });
});
