import { describe, expect, it } from 'vitest';
import type { Inputs } from '../../../src/inputs/inputs.ts';
import { InputError } from '../../../src/inputs/reader.ts';
import { formatNamespace } from '../../../src/mirror/namespace.ts';
import { loadTestFiles } from '../../support/fixtures/inputs.ts';

/** `quay.io/x → docker.io/mirror: whole, y v1 v2` */
function summaryOf({ namespaces }: Inputs): string[] {
  return namespaces.map(({ namespace, target, isListOnly, list = [] }) => {
    const images = list.map(({ image, references }) =>
      [image, ...(references?.map(({ tag, digest }) => tag ?? digest) ?? ['filtered'])].join(' '),
    );
    const parts = [...(isListOnly ? [] : ['whole']), ...images];
    return `${formatNamespace(namespace)} → ${formatNamespace(target)}: ${parts.join(', ')}`;
  });
}

async function problemsOf(...parameters: Parameters<typeof loadTestFiles>): Promise<string> {
  try {
    await loadTestFiles(...parameters);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'none';
}

const TARGET = { target: 'docker.io/mirror' };

describe('lists of images', () => {
  it('need no namespaces, and are joined from the input and its file', async () => {
    const inputs = await loadTestFiles(
      { ...TARGET, images: 'quay.io/x/y:v1, nginx:1.27' },
      { 'images-file': 'quay.io/x/y:v2\nquay.io/x/y:v1\nregistry.k8s.io/pause:3.10\n' },
    );
    expect(summaryOf(inputs)).toEqual([
      'quay.io/x → docker.io/mirror: y v1 v2',
      'docker.io/library → docker.io/mirror: nginx 1.27',
      'registry.k8s.io → docker.io/mirror: pause 3.10',
    ]);
  });

  it('are part of a namespace that is mirrored whole', async () => {
    const given = { ...TARGET, namespaces: 'quay.io/x', images: 'quay.io/x/y:v1\nquay.io/x/z/w:v1' };
    expect(summaryOf(await loadTestFiles(given, {}))).toEqual([
      'quay.io/x → docker.io/mirror: whole, y v1',
      'quay.io/x/z → docker.io/mirror: w v1',
    ]);
  });

  it('go to each target', async () => {
    const given = { target: 'docker.io/a\nghcr.io/b', images: 'quay.io/x/y:v1' };
    const inputs = await loadTestFiles(given, {});
    expect(summaryOf(inputs)).toEqual(['quay.io/x → docker.io/a: y v1', 'quay.io/x → ghcr.io/b: y v1']);
    expect(inputs.metadata.manifestPath).toBe('{target}/{registry}/{namespace}.json');
  });

  it('replace what the config file names, and keep its settings for the same tags', async () => {
    const config = `
defaults: { target: docker.io/mirror, platforms: linux/amd64 }
namespaces: { gcr.io/a: }
images:
  - { source: quay.io/x/y, tags: [v1, v2], name: [one, two], target: ghcr.io/b, platforms: linux/arm64 }
  - { source: quay.io/x/y, semver: '>=2', name: three }
`;
    const images = 'quay.io/x/y:v1\n--platform=all quay.io/x/y:v2\nquay.io/x/y:v3\nquay.io/x/y:edge';
    const { namespaces } = await loadTestFiles({ images }, { config });
    expect(namespaces).toMatchObject([
      {
        target: { registry: 'ghcr.io', path: 'b' },
        list: [
          { references: [{ tag: 'v1' }], names: ['one', 'two'], platforms: ['linux/arm64'] },
          { references: [{ tag: 'v2' }], names: ['one', 'two'], platforms: 'all' },
        ],
      },
      {
        target: { registry: 'docker.io', path: 'mirror' },
        list: [
          { references: [{ tag: 'v2' }], names: ['three'], platforms: 'all' },
          { references: [{ tag: 'v3' }], names: ['three'], platforms: ['linux/amd64'] },
          { references: [{ tag: 'edge' }], names: ['{image}'], platforms: ['linux/amd64'] },
        ],
      },
    ]);
  });

  it("have the path template of the config file's targets, whichever of its sources a job mirrors", async () => {
    const config = 'namespaces: { gcr.io/a: { target: docker.io/x }, gcr.io/b: { target: ghcr.io/y } }';
    const { metadata } = await loadTestFiles({ namespaces: 'gcr.io/a' }, { config });
    expect(metadata.manifestPath).toBe('{target}/{registry}/{namespace}.json');
  });

  it.each([
    [{ images: 'A' }, {}, /^(?:2 inputs.*\n- )?images: line 1: "A" is not an image reference/],
    [TARGET, { 'images-file': 'a\nB:1' }, /^images-file: images\.txt:2: "B:1" is not an image reference/],
    [TARGET, { 'images-file': '# none' }, /^images-file: images\.txt names no image/],
    [{ images: 'a' }, {}, /^target: is required/],
    [{ images: 'a' }, { config: 'namespaces: { gcr.io/a: }' }, /names no target for docker\.io\/library\/a/],
    [
      { ...TARGET, images: '--platform=linux/arm64 a:1' },
      { 'images-file': '\na:1' },
      /^images-file: images\.txt:2: .* is also in line 1, with other platforms/,
    ],
    [
      { target: 'docker.io/a,ghcr.io/b', images: 'a', 'manifest-path': '{namespace}.json' },
      {},
      /docker\.io\/library at docker\.io\/a and at ghcr\.io\/b would both be recorded .*: use \{target\} in it/,
    ],
    [
      { target: 'docker.io/a,ghcr.io/b', images: 'a', username: 'u', password: 'p' },
      {},
      /^username: may be for docker\.io or ghcr\.io: .*"registry-auth"/,
    ],
    [{ ...TARGET, 'images-file': '../x' }, {}, /^images-file: "\.\.\/x" is not a path inside/],
  ])('are refused: %#', async (given, files, problem) => {
    expect(await problemsOf(given, files)).toMatch(problem);
  });

  it('report the problems of both files together', async () => {
    const message = await problemsOf({}, { config: 'more: 1', 'images-file': 'B' });
    expect(message).toMatch(
      /^2 inputs are wrong:\n- images-file: images\.txt:1: .*\n- config: mirror\.yml:1:/,
    );
  });

  it('need an engine that keeps digests for referrers', async () => {
    const config = `images:\n  - { source: a/b, target: docker.io/x, referrers: true }`;
    expect(await problemsOf({}, { config })).toMatch(
      /^config: mirror\.yml:2:\d+: images › 0 › referrers: needs engine: registry/,
    );
  });
});
