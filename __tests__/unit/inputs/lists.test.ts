import { describe, expect, it } from 'vitest';
import type { Inputs } from '../../../src/inputs/inputs.ts';
import { formatNamespace } from '../../../src/mirror/namespace.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { inputProblems, loadTestInputs, parseTestInputs } from '../../support/fixtures/inputs.ts';

/** What is mirrored, one line for each image of a list, and for each namespace as a whole. */
function show({ namespaces }: Inputs): string[] {
  return namespaces.flatMap(({ namespace, target, list = [], isListOnly }) => {
    const route = `${formatNamespace(namespace)} → ${formatNamespace(target)}`;
    const images = list.map(({ image, references, names, platforms, filters }) => {
      const exact = references?.map(({ tag = '', digest: pinned }) => `${tag}${pinned ? '@' : ''}`).join(',');
      const how = exact === undefined ? `filters ${JSON.stringify(filters)}` : `:${exact}`;
      return `${route}: ${image}${how} as ${names.join(' and ')} ${String(platforms)}`;
    });
    return [...(isListOnly ? [] : [`${route}: all`]), ...images];
  });
}

const parse = (given: Record<string, string>): string[] =>
  show(parseTestInputs({ namespaces: '', ...given }));
const load = async (file: string, given: Record<string, string> = {}): Promise<string[]> =>
  show(await loadTestInputs(given, file));

describe('the input images', () => {
  it('mirrors single images without any namespace', () => {
    expect(parse({ images: 'registry.k8s.io/pause:3.10\nnginx\nnginx:1.27' })).toEqual([
      'registry.k8s.io → docker.io/gcrxio: pause:3.10 as {image} all',
      'docker.io/library → docker.io/gcrxio: nginx:latest,1.27 as {image} all',
    ]);
  });

  it('adds images to a namespace that is mirrored as a whole', () => {
    expect(parse({ namespaces: 'gcr.io/distroless', images: 'gcr.io/distroless/base:debug' })).toEqual([
      'gcr.io/distroless → docker.io/gcrxio: all',
      'gcr.io/distroless → docker.io/gcrxio: base:debug as {image} all',
    ]);
  });

  it('keeps platforms of a line apart from those of other lines and of the input', () => {
    expect(parse({ images: '--platform=linux/arm64 nginx:1\nnginx:2', platforms: 'linux/amd64' })).toEqual([
      'docker.io/library → docker.io/gcrxio: nginx:1 as {image} linux/arm64',
      'docker.io/library → docker.io/gcrxio: nginx:2 as {image} linux/amd64',
    ]);
  });

  it('is not narrowed by versions, times or numbers, but by include and exclude', () => {
    const { namespaces } = parseTestInputs({
      namespaces: '',
      images: 'nginx:latest',
      semver: '>=1',
      latest: '1',
      include: 'nginx',
      exclude: 'redis',
    });
    expect(namespaces[0]?.list?.[0]?.filters).toEqual({ include: [['nginx']], exclude: ['redis'] });
  });

  it.each([
    [{ images: '' }, /namespaces: is required: .*single images in "images"/],
    [{ images: '# nothing' }, /namespaces: is required/],
    [{ images: 'nginx:1\nNginx' }, /images: line 2: "Nginx"/],
    [{ images: 'Nginx' }, /images: line 1: "Nginx"/],
    [
      { 'images-file': '../images.txt' },
      /images-file: "\.\.\/images\.txt" is not a path inside the repository/,
    ],
    [{ images: 'nginx', target: '' }, /target: is required/],
  ])('says what is wrong with %j', (given, message) => {
    expect(inputProblems({ namespaces: '', ...given })).toMatch(message);
  });
});

describe('several targets', () => {
  const targets = { target: 'ghcr.io/a\ndocker.io/b, ghcr.io/a' };

  it('have settings each, and a folder of records each', () => {
    expect(parse({ images: 'nginx', ...targets })).toEqual([
      'docker.io/library → ghcr.io/a: nginx:latest as {image} all',
      'docker.io/library → docker.io/b: nginx:latest as {image} all',
    ]);
    const inputs = parseTestInputs({ namespaces: 'gcr.io/a', ...targets });
    expect(show(inputs)).toEqual(['gcr.io/a → ghcr.io/a: all', 'gcr.io/a → docker.io/b: all']);
    expect(inputs.metadata.manifestPath).toBe('{target}/{registry}/{namespace}.json');
    expect(inputs.targets).toEqual(['ghcr.io/a', 'docker.io/b']);
    expect(parseTestInputs({}).metadata.manifestPath).toBe('{registry}/{namespace}.json');
  });

  it('keep their folders in a job that mirrors to one of them', async () => {
    const file = `{ images: [{ source: nginx, target: ghcr.io/a }, { source: redis, target: docker.io/b }] }`;
    const inputs = await loadTestInputs({ images: 'nginx' }, file);
    expect(show(inputs)).toEqual(['docker.io/library → ghcr.io/a: nginx:latest as {image} all']);
    expect(inputs.metadata.manifestPath).toBe('{target}/{registry}/{namespace}.json');
  });

  it('need a manifest each', () => {
    expect(inputProblems({ ...targets, 'manifest-path': '{namespace}.json' })).toMatch(
      /manifest-path: gcr.io\/distroless at ghcr.io\/a and at docker.io\/b would both .*\{target\}/,
    );
  });

  it('need accounts each', () => {
    expect(inputProblems({ ...targets, username: 'u', password: 'p' })).toMatch(
      /username: may be for ghcr.io or docker.io: .*registry-auth/,
    );
  });
});

describe('images-file', () => {
  it('is read as the input images is, and together with it', async () => {
    const given = { config: '', 'images-file': 'images.txt', images: 'redis', target: 'docker.io/x' };
    expect(await load('nginx:1.27 # web\n', given)).toEqual([
      'docker.io/library → docker.io/x: redis:latest as {image} all',
      'docker.io/library → docker.io/x: nginx:1.27 as {image} all',
    ]);
  });

  it.each([
    ['nginx\nNginx', /images-file: images.txt:2: "Nginx"/],
    ['# nothing\n', /images-file: images.txt names no image/],
  ])('says what is wrong with %j', async (file, message) => {
    const given = { config: '', 'images-file': 'images.txt', target: 'docker.io/x' };
    await expect(load(file, given)).rejects.toThrow(message);
  });
});

describe("the config file's images", () => {
  it('have names, targets, platforms and filters of their own', async () => {
    const file = `
defaults: { target: [ghcr.io/a, docker.io/b] }
images:
  - source: quay.io/x/y
    tags: [v1, 'v2@${digest(2)}', '${digest(3)}']
    name: [one, two/three]
  - { source: 'pause:3', target: quay.io/c, platforms: linux/amd64 }
  - { source: registry.k8s.io/etcd, semver: '>=3', include: 'etcd:3.*' }
  - { source: 'pause:4', target: quay.io/c }
`;
    expect(await load(file)).toEqual([
      'quay.io/x → ghcr.io/a: y:v1,v2@,@ as one and two/three all',
      'quay.io/x → docker.io/b: y:v1,v2@,@ as one and two/three all',
      'docker.io/library → quay.io/c: pause:3 as {image} linux/amd64',
      'docker.io/library → quay.io/c: pause:4 as {image} all',
      'registry.k8s.io → ghcr.io/a: etcdfilters {"include":[[],["etcd:3.*"]],"exclude":[],"semver":">=3"} as {image} all',
      'registry.k8s.io → docker.io/b: etcdfilters {"include":[[],["etcd:3.*"]],"exclude":[],"semver":">=3"} as {image} all',
    ]);
  });

  const FILE = `
x-common: &common { target: ghcr.io/a, platforms: [linux/amd64] }
images:
  - { <<: *common, source: quay.io/x/y, tags: [v1, v2], name: y-one }
  - { <<: *common, source: quay.io/x/y, tags: v1, name: y-two }
  - { <<: *common, source: quay.io/x/z, semver: '>=2' }
`;

  it('take anchors and merge keys', async () => {
    expect(await load(FILE)).toHaveLength(3);
  });

  it('give their settings to the lines of a job that names their tags', async () => {
    expect(await load(FILE, { images: 'quay.io/x/y:v1' })).toEqual([
      'quay.io/x → ghcr.io/a: y:v1 as y-one linux/amd64',
      'quay.io/x → ghcr.io/a: y:v1 as y-two linux/amd64',
    ]);
    expect(await load(FILE, { images: 'quay.io/x/y:v2\nquay.io/x/z:2.1' })).toEqual([
      'quay.io/x → ghcr.io/a: y:v2 as y-one linux/amd64',
      'quay.io/x → ghcr.io/a: z:2.1 as {image} linux/amd64',
    ]);
    expect(await load(FILE, { images: 'quay.io/x/z:1.9', target: 'docker.io/t' })).toEqual([
      'quay.io/x → docker.io/t: z:1.9 as {image} all',
    ]);
  });

  it.each([
    ['images: { a: b }', /mirror.yml:1:9: images: .*/],
    ['images: [{ tags: v1 }]', /images › 0/],
    ['images: [{ source: Nginx, target: ghcr.io/a }]', /mirror.yml:1:20: images › 0 › source: "Nginx"/],
    [
      'images: [{ source: "nginx:1", tags: "2", target: ghcr.io/a }]',
      /images › 0 › tags: is for a source without a tag or digest/,
    ],
    ['images: [{ source: nginx, tags: "a b", target: ghcr.io/a }]', /images › 0 › tags: "a b" is neither/],
    [
      'images: [{ source: "nginx:1", semver: "1", target: ghcr.io/a }]',
      /images › 0 › semver: is for an entry without a source with a tag/,
    ],
    ['images: [{ source: nginx, name: "A", target: ghcr.io/a }]', /images › 0 › name: "A"/],
    [
      'images: [{ source: nginx, name: "{tag}", target: ghcr.io/a }]',
      /images › 0 › name: \{tag\} is not one of/,
    ],
    ['images: [{ source: nginx, nmae: x }]', /images › 0 › nmae/],
    ['images: [{ source: nginx }]', /names no target for docker.io\/library\/nginx/],
    [
      'images: [{ source: nginx, target: ghcr.io/a }, { source: nginx, target: ghcr.io/a, platforms: linux/arm64 }]',
      /images: docker.io\/library\/nginx is named twice with latest, with different platforms and one name/,
    ],
    [
      'images: [{ source: nginx, target: ghcr.io/a, referrers: true }]',
      /images › 0 › referrers: needs engine: registry/,
    ],
  ])('are refused with their place: %s', async (file, message) => {
    await expect(load(file)).rejects.toThrow(message);
  });

  it('may use an anchor in hundreds of entries, and no bomb of anchors', async () => {
    const entries = Array.from(
      { length: 300 },
      (_, index) => `  - { source: 'quay.io/x/i${index}', target: *t }`,
    );
    expect(await load(`x-t: &t [ghcr.io/a]\nimages:\n${entries.join('\n')}`)).toHaveLength(300);
    const bomb = Array.from({ length: 9 }, (_, n) => `x-${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`);
    await expect(load(`x-0: &a0 [b]\n${bomb.join('\n')}\nimages: *a9`)).rejects.toThrow(/alias/i);
  });
});
