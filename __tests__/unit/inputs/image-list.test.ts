import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ListedReference, parseImageList, withoutDuplicates } from '../../../src/inputs/image-list.ts';
import { formatReference } from '../../../src/inputs/reference.ts';

function read(text: string): { list: ListedReference[]; problems: string[] } {
  const problems: string[] = [];
  const report = (place: string, what: string): number => problems.push(`${place}: ${what}`);
  const list = parseImageList(text, (line) => `images.txt:${line}`, report);
  return { list: withoutDuplicates(list, report), problems };
}

const namesOf = (text: string): string[] => {
  const { list, problems } = read(text);
  expect(problems).toEqual([]);
  return list.map((one) => `${formatReference(one)} ${one.platforms?.toString() ?? ''}`.trim());
};

describe('parseImageList', () => {
  it('reads references with comments, blank lines, platforms, a byte order mark and any line ends', () => {
    const text = [
      '\uFEFF# all that we use',
      'nginx:1.27 # the proxy',
      '',
      '\t--platform=linux/arm64 quay.io/x/y:v1',
      '--platform linux/amd64,linux/arm64/v8 redis',
      'a/b:1, a/c:2',
      `a/d@sha256:${'0'.repeat(64)}`,
    ].join('\r\n');
    expect(namesOf(text)).toEqual([
      'docker.io/library/nginx:1.27',
      'quay.io/x/y:v1 linux/arm64',
      'docker.io/library/redis:latest linux/amd64,linux/arm64',
      'docker.io/a/b:1',
      'docker.io/a/c:2',
      `docker.io/a/d@sha256:${'0'.repeat(64)}`,
    ]);
  });

  it('has each reference once, in the order of the list', () => {
    expect(namesOf('b:1\na:1\ndocker.io/library/b:1\na\na:latest')).toEqual([
      'docker.io/library/b:1',
      'docker.io/library/a:1',
      'docker.io/library/a:latest',
    ]);
  });

  it.each([
    ['a\nB:1', 'images.txt:2: "B:1" is not an image reference: "B" is not a repository path'],
    ['nginx 1.27', 'images.txt:1: "nginx 1.27" is not an image reference'],
    ['--platform=linux/arm64', 'images.txt:1: "--platform=linux/arm64" has an option without a reference'],
    ['--all nginx', 'images.txt:1: "--all nginx" has an option without a reference, or one other than'],
    ['--platform=arm64 nginx', 'images.txt:1: "arm64" is neither "all" nor a platform'],
    ['--platform=linux/arm64 a, b', 'images.txt:1: --platform is for one reference'],
    [
      '--platform=linux/arm64 a:1\n#\n--platform=linux/amd64 a:1',
      'images.txt:3: docker.io/library/a:1 is also in images.txt:1, with other platforms',
    ],
    [
      `a:1\na:1@sha256:${'0'.repeat(64)}`,
      'images.txt:2: docker.io/library/a:1 is also in images.txt:1, with another digest',
    ],
    ['a\u202Eb', 'images.txt:1: "a b" is not an image reference'],
    ['x'.repeat(2_000_001), 'images.txt:1: the list has more than 2000000 characters'],
    ['\n'.repeat(50_000), 'images.txt:50001: the list has more than 50000 lines'],
  ])('reports a mistake with its line: %#', (text, problem) => {
    expect(read(text).problems).toEqual([expect.stringContaining(problem)]);
  });

  it('reports all mistakes, up to a limit', () => {
    const { problems } = read('A\n'.repeat(60));
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)).toContain('10 more mistakes');
  });

  it.each([
    ['spaces', ' '.repeat(1_900_000)],
    ['comments', ' #'.repeat(900_000)],
    ['an option', `--platform ${' '.repeat(1_900_000)}x`],
    ['commas', ','.repeat(1_900_000)],
    ['separators', `a${'-'.repeat(1_900_000)}`],
  ])('is quick with a hostile line of %s', (_, text) => {
    const started = performance.now();
    read(text);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('reads or reports any text', () => {
    const unit = fc.constantFrom(
      'a',
      ':',
      '@',
      '/',
      '.',
      ' ',
      '\n',
      '#',
      ',',
      '--platform',
      '=',
      'linux/arm64',
    );
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        const { list, problems } = read(text);
        const isEmpty = text.split('\n').every((line) => /^[\s,]*(?:$|(?<=^|\s)#)/.test(line));
        expect(list.length + problems.length > 0).toBe(!isEmpty);
      }),
    );
  });
});
