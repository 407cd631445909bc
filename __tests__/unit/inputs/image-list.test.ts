import { describe, expect, it } from 'vitest';
import { type ListLine, parseImageList } from '../../../src/inputs/image-list.ts';
import { formatNamespace } from '../../../src/mirror/namespace.ts';
import { digest } from '../../support/fixtures/digests.ts';

function read(text: string): { lines: string[]; problems: string[] } {
  const problems: string[] = [];
  const lines = parseImageList(text, (line, what) => problems.push(`${line}: ${what}`));
  return { lines: lines.map(show), problems };
}

function show({ namespace, image, reference, platforms }: ListLine): string {
  const { tag = '', digest: pinned = '' } = reference;
  return `${formatNamespace(namespace)} ${image} ${tag}${pinned && `@${pinned}`}${platforms ? ` ${String(platforms)}` : ''}`;
}

describe('parseImageList', () => {
  it('reads a reference per line, with comments, blank lines, and Windows line ends', () => {
    const text = `\uFEFF# images\r\n\r\nregistry.k8s.io/pause:3.10\r\nnginx  # the newest\r\n  quay.io/x/y@${digest(1)}\r\n`;
    expect(read(text)).toEqual({
      lines: ['registry.k8s.io pause 3.10', 'docker.io/library nginx latest', `quay.io/x y @${digest(1)}`],
      problems: [],
    });
  });

  it('reads platforms as docker pull does, and the list of them that a plan hands over', () => {
    const text = [
      '--platform=linux/arm64 nginx:1',
      '--platform linux/arm64/v8 nginx:2',
      '--platform=linux/arm64,linux/amd64 nginx:3',
    ].join('\n');
    expect(read(text)).toEqual({
      lines: [
        'docker.io/library nginx 1 linux/arm64',
        'docker.io/library nginx 2 linux/arm64',
        'docker.io/library nginx 3 linux/amd64,linux/arm64',
      ],
      problems: [],
    });
  });

  it('splits a line at commas, as other lists do', () => {
    expect(read('nginx:1, nginx:2,').lines).toEqual([
      'docker.io/library nginx 1',
      'docker.io/library nginx 2',
    ]);
  });

  it('has a line that stands twice once', () => {
    expect(read('nginx\nnginx:latest\ndocker.io/library/nginx').lines).toHaveLength(1);
  });

  it('reports each mistake with its line', () => {
    const text = [
      'nginx:1',
      'Nginx',
      '--platfrm=linux/arm64 nginx',
      '--platform=linux/arm64',
      '--platform=arm64 nginx:4',
      'nginx redis',
      '--platform=linux/arm64 nginx:1',
      `nginx:1@${digest(1)}`,
    ].join('\n');
    expect(read(text).problems).toEqual([
      expect.stringMatching(/^2: "Nginx" is not a reference .* lower case$/),
      expect.stringMatching(/^3: "--platfrm=linux\/arm64" is not an option/),
      expect.stringMatching(/^4: .*names no image after --platform$/),
      expect.stringMatching(/^5: "arm64" is not a platform/),
      expect.stringMatching(/^6: .*more than one reference/),
      expect.stringMatching(/^7: .*has other platforms on line 1/),
      expect.stringMatching(/^8: .*has another digest on line 1/),
    ]);
  });

  it('refuses lists that nobody keeps', () => {
    expect(read('nginx\n'.repeat(20_001)).problems).toEqual([expect.stringMatching(/at most 20000 lines/)]);
    expect(read('x'.repeat(2_000_001)).problems).toEqual([
      expect.stringMatching(/more than 2000000 characters/),
    ]);
  });

  it.each([
    '#'.repeat(100_000),
    ','.repeat(100_000),
    ' '.repeat(100_000),
    `--platform=${',a/b'.repeat(30_000)} x`,
  ])('reads a hostile line in no time', (line) => {
    const started = performance.now();
    read(line);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
