import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/inputs/reader.ts';
import type { ListedImageSettings } from '../../../src/mirror/settings.ts';
import { loadTestInputs } from '../../support/fixtures/inputs.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const HEAD = 'defaults: { target: docker.io/mirror }\nimages:\n';

async function listOf(entries: string, given: Record<string, string> = {}): Promise<ListedImageSettings[]> {
  const { namespaces } = await loadTestInputs(given, HEAD + entries);
  return namespaces.flatMap(({ list }) => list ?? []);
}

async function problemsOf(entries: string): Promise<string> {
  try {
    await loadTestInputs({}, HEAD + entries);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'none';
}

describe('the list of images in the config file', () => {
  it.each([
    ['- source: quay.io/x/y', [{ tag: 'latest' }]],
    ['- source: quay.io/x/y:v1', [{ tag: 'v1' }]],
    [`- source: quay.io/x/y@${DIGEST}`, [{ digest: DIGEST }]],
    ['- { source: quay.io/x/y, tags: [1.10, v2] }', [{ tag: '1.10' }, { tag: 'v2' }]],
    ['- { source: quay.io/x/y, tags: "v1, v2" }', [{ tag: 'v1' }, { tag: 'v2' }]],
    [
      `- { source: quay.io/x/y, tags: ["v1@${DIGEST}", "${DIGEST}"] }`,
      [{ tag: 'v1', digest: DIGEST }, { digest: DIGEST }],
    ],
  ])('has exact references: %s', async (entry, references) => {
    expect(await listOf(entry)).toEqual([
      {
        image: 'y',
        references,
        names: ['{image}'],
        platforms: 'all',
        referrers: false,
        filters: { include: [[]], exclude: [] },
      },
    ]);
  });

  it('has filters, which the defaults and inputs have for those that it lacks', async () => {
    const [one] = await listOf('- { source: quay.io/x/y, semver: ">=1" }', { latest: '3', include: 'y' });
    expect(one).toMatchObject({ filters: { include: [['y'], []], exclude: [], semver: '>=1', latest: 3 } });
    expect(one).not.toHaveProperty('references');
  });

  it('has no filters of inputs for exact tags, except for globs', async () => {
    const given = { latest: '3', semver: '>=1', 'newer-than': '1d', include: 'y', exclude: 'z' };
    const [one] = await listOf('- source: quay.io/x/y:v1', given);
    expect(one?.filters).toEqual({ include: [['y']], exclude: ['z'] });
  });

  it('has names, and one source in several entries', async () => {
    const list = await listOf(
      '- { source: a/b:1, name: [x/y, "{name}-old"] }\n- { source: a/b:2, name: z }\n- { source: a/b:3, name: z }',
    );
    expect(list).toMatchObject([
      { image: 'b', names: ['x/y', '{name}-old'], references: [{ tag: '1' }] },
      { image: 'b', names: ['z'], references: [{ tag: '2' }, { tag: '3' }] },
    ]);
  });

  it('has entries that share an anchor, however many', async () => {
    const entries = Array.from(
      { length: 229 },
      (_, index) => `  - { <<: *base, source: quay.io/x/i${index}:v1 }`,
    );
    const file = `x-base: &base { target: [docker.io/a, ghcr.io/b], platforms: [linux/amd64] }\nimages:\n${entries.join('\n')}`;
    const { namespaces } = await loadTestInputs({}, file);
    expect(namespaces.map(({ list }) => list?.length)).toEqual([229, 229]);
    expect(namespaces[1]).toMatchObject({ isListOnly: true, target: { registry: 'ghcr.io', path: 'b' } });
    expect(namespaces[1]?.list?.[228]).toMatchObject({ platforms: ['linux/amd64'] });
  });

  it.each([
    ['- source: Quay', /mirror\.yml:3:11: images › 0 › source: "Quay" is not an image reference/],
    ['- tags: v1', /3:3: images › 0.*: has no "source"/],
    ['- { source: a/b, tags: [] }', /3:24: images › 0 › tags: is empty/],
    ['- { source: a/b, tags: [":x"] }', /3:24: images › 0 › tags: ":x" is neither a tag nor a digest/],
    ['- { source: a/b:1, tags: v1 }', /images › 0 › tags: is for a source without a tag/],
    ['- { source: a/b:1, semver: ">=1" }', /› semver: is for an entry without a source with a tag/],
    ['- { source: a/b, tags: v1, latest: 1 }', /› latest: is for an entry without exact tags/],
    ['- { source: a/b, name: A }', /3:24: images › 0 › name: "A" can never be the name of a repository/],
    ['- { source: a/b, name: "{tag}" }', /› name: \{tag\} is not one of \{registry\}/],
    ['- { source: a/b, names: x }', /› names: is not one of source, tags, name/],
    ['- { source: a/b, target: x }', /› target: "x" names no registry/],
    [
      '- { source: docker.io/mirror/b }',
      /target: "docker\.io\/mirror" would get docker\.io\/mirror\/b under its own name/,
    ],
    ['  a: b', /mirror\.yml:3:3: images: expected a list/],
  ])('is refused with line and column: %s', async (entry, problem) => {
    expect(await problemsOf(entry)).toMatch(problem);
  });

  it('reports a mistake of a shared anchor at the anchor', async () => {
    const text = '- &a { source: a/b, semver: newest }\n- *a\n- { <<: *a, name: x }';
    const message = await problemsOf(text);
    expect(message.match(/mirror\.yml:3:29/g)).toHaveLength(3);
  });
});
