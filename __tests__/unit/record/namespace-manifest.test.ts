import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NamespaceManifest, RecordEntry, RecordedImages } from '../../../src/mirror/record-entry.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import {
  ManifestError,
  parseNamespaceManifest,
  serializeNamespaceManifest,
} from '../../../src/record/namespace-manifest.ts';
import {
  digests,
  entries,
  imageNames,
  images,
  tagNames,
  unloggedTags,
} from '../../support/fixtures/recorded-images.ts';

const EXPECTED = { path: 'gcr.io/ns.json', source: 'gcr.io/ns', target: 'docker.io/mirror' };
const A: Digest = `sha256:${'a'.repeat(64)}`;
const B: Digest = `sha256:${'b'.repeat(64)}`;

function withImages(some: RecordedImages): NamespaceManifest {
  return { source: EXPECTED.source, target: EXPECTED.target, images: some };
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function parse(json: unknown): NamespaceManifest {
  return parseNamespaceManifest(encode(JSON.stringify(json)), EXPECTED);
}

function messageOf(bytes: Uint8Array): string {
  try {
    parseNamespaceManifest(bytes, EXPECTED);
  } catch (error) {
    if (error instanceof ManifestError) return error.message;
    throw error;
  }
  throw new Error('It was read');
}

function manifestWith(more: object): unknown {
  const { source, target } = EXPECTED;
  return { version: 1, source, target, images: {}, ...more };
}

describe('serializeNamespaceManifest', () => {
  it('sorts the keys and puts one tag per line', () => {
    const some = new Map([
      ['static', new Map<string, RecordEntry>([['latest', null]])],
      [
        'base',
        new Map<string, RecordEntry>([
          ['latest', { digest: A, target: B, platforms: ['linux/amd64', 'linux/arm64'] }],
          ['debug', A],
          ['Debug', { digest: A, target: B }],
        ]),
      ],
      ['empty', new Map<string, RecordEntry>()],
    ]);
    expect(serializeNamespaceManifest(withImages(some))).toBe(
      `{
  "version": 1,
  "source": "gcr.io/ns",
  "target": "docker.io/mirror",
  "images": {
    "base": {
      "Debug": { "digest": "${A}", "target": "${B}" },
      "debug": "${A}",
      "latest": { "digest": "${A}", "target": "${B}", "platforms": ["linux/amd64", "linux/arm64"] }
    },
    "static": {
      "latest": null
    }
  }
}
`,
    );
  });

  it('writes an empty object where there are no images', () => {
    expect(serializeNamespaceManifest(withImages(new Map()))).toMatch(/\n {2}"images": \{\}\n\}\n$/);
  });

  it('writes what is read back unchanged', () => {
    fc.assert(
      fc.property(images, (some) => {
        const bytes = encode(serializeNamespaceManifest(withImages(some)));
        expect(parseNamespaceManifest(bytes, EXPECTED)).toEqual(withImages(some));
      }),
    );
  });

  it('does not depend on the order of the entries', () => {
    fc.assert(
      fc.property(images, (some) => {
        const reversed = new Map(
          Array.from(
            some,
            ([image, tags]) => [image, new Map(Array.from(tags).toReversed())] as const,
          ).toReversed(),
        );
        expect(serializeNamespaceManifest(withImages(reversed))).toBe(
          serializeNamespaceManifest(withImages(some)),
        );
      }),
    );
  });

  it('keeps all of 40,000 tags', () => {
    const some = new Map(
      Array.from({ length: 400 }, (_, image) => [
        `image-${image}/nested`,
        new Map(Array.from({ length: 100 }, (_, tag) => [`v1.${tag}`, A] as const)),
      ]),
    );
    const bytes = encode(serializeNamespaceManifest(withImages(some)));
    expect(bytes.length).toBeGreaterThan(3_500_000);
    expect(parseNamespaceManifest(bytes, EXPECTED).images).toEqual(some);
  });
});

describe('images under other names, and digests in the place of tags', () => {
  const keys = fc
    .tuple(imageNames, fc.option(imageNames, { nil: undefined }))
    .map(([image, name]) => (name === undefined ? image : `${image} as ${name}`));
  const references = fc.oneof(tagNames, digests);
  const keyed = fc
    .array(fc.tuple(keys, fc.array(fc.tuple(references, entries), { minLength: 1, maxLength: 5 })), {
      maxLength: 5,
    })
    .map((list): RecordedImages => new Map(list.map(([key, tags]) => [key, new Map(tags)])));

  it('are read back unchanged', () => {
    fc.assert(
      fc.property(keyed, (some) => {
        const text = serializeNamespaceManifest(withImages(some));
        expect(parseNamespaceManifest(encode(text), EXPECTED).images).toEqual(some);
      }),
    );
  });

  it('are readable, and below the image of the usual name', () => {
    const some = new Map([
      ['a/b as c', new Map([['v1', A]])],
      ['a/b', new Map([[A, A]])],
    ]);
    expect(serializeNamespaceManifest(withImages(some))).toContain(
      `"a/b": {\n      "${A}": "${A}"\n    },\n    "a/b as c": {\n      "v1": "${A}"\n    }`,
    );
  });

  it.each([
    ['a key without a name', 'a as ', 'v1'],
    ['a key without an image', ' as a', 'v1'],
    ['a key with two names', 'a as b as c', 'v1'],
    ['a name that is none', 'a as B c', 'v1'],
    ['a name that leads out of the target', 'a as ../b', 'v1'],
    ['a digest that is too short', 'a', 'sha256:abc'],
  ])('are checked: %s', (_, key, tag) => {
    const content = manifestWith({ images: { [key]: { [tag]: A } } });
    expect(messageOf(encode(JSON.stringify(content)))).toContain("can't be read as a namespace manifest");
  });
});

describe('the unlogged tags', () => {
  it('are read back unchanged', () => {
    fc.assert(
      fc.property(images, unloggedTags, (some, unlogged) => {
        const text = serializeNamespaceManifest({ ...withImages(some), unlogged });
        const read = parseNamespaceManifest(encode(text), EXPECTED);
        expect(read.images).toEqual(some);
        expect(read.unlogged ?? new Map()).toEqual(unlogged);
      }),
    );
  });

  it('are not in the file when there are none', () => {
    const some = new Map([['a', new Map([['v1', A]])]]);
    expect(serializeNamespaceManifest({ ...withImages(some), unlogged: new Map() })).toBe(
      serializeNamespaceManifest(withImages(some)),
    );
  });

  it('are readable', () => {
    const some = new Map([['a/b as c', new Map([['v1', A]])]]);
    const unlogged = new Map([
      [
        'a/b as c',
        new Map<string, 'added' | 'updated'>([
          ['v2', 'updated'],
          ['v1', 'added'],
        ]),
      ],
    ]);
    const text = serializeNamespaceManifest({ ...withImages(some), unlogged });
    expect(text).toContain(
      '  },\n  "unlogged": {\n    "a/b as c": { "added": ["v1"], "updated": ["v2"] }\n  }\n}\n',
    );
    expect(parseNamespaceManifest(encode(text), EXPECTED).unlogged).toEqual(unlogged);
  });

  it.each([
    [{ unlogged: { a: { added: ['../x'] } } }],
    [{ unlogged: { a: ['v1'] } }],
    [{ unlogged: { 'A b': { added: ['v1'] } } }],
    [{ unlogged: { 'a as ': { added: ['v1'] } } }],
    [{ unlogged: 7 }],
  ])('are checked: %j', (part) => {
    expect(messageOf(encode(JSON.stringify(manifestWith(part))))).toContain(
      "can't be read as a namespace manifest",
    );
  });
});

describe('a namespace of 129,378 tags', () => {
  it('is written and read again in under two seconds', () => {
    const [large, perImage] = [new Map<string, Map<string, RecordEntry>>(), 100];
    for (let tag = 0; tag < 129_378; tag += 1) {
      const image = `group-${Math.floor(tag / perImage / 40)}/image-${Math.floor(tag / perImage)}`;
      const entry: RecordEntry = tag % 10 === 0 ? { digest: A, target: B } : tag % 10 === 1 ? null : A;
      const tags = large.get(image) ?? new Map<string, RecordEntry>();
      large.set(image, tags.set(`v1.${tag}`, entry));
    }
    const start = performance.now();
    const bytes = encode(serializeNamespaceManifest(withImages(large)));
    const read = parseNamespaceManifest(bytes, EXPECTED).images;
    expect(performance.now() - start).toBeLessThan(2000);
    expect(read).toEqual(large);
    expect(Array.from(read.values(), (tags) => tags.size).reduce((sum, size) => sum + size)).toBe(129_378);
  });
});

describe('parseNamespaceManifest', () => {
  it("reads gcrsync's form: every digest is unknown", () => {
    const { images: read, ...rest } = parse([
      'base:debug',
      'base:latest',
      'a/b/c:v1',
      'constructor:__proto__',
    ]);
    expect(rest).toEqual({ source: EXPECTED.source, target: EXPECTED.target });
    expect(read).toEqual(
      new Map([
        [
          'base',
          new Map([
            ['debug', null],
            ['latest', null],
          ]),
        ],
        ['a/b/c', new Map([['v1', null]])],
        ['constructor', new Map([['__proto__', null]])],
      ]),
    );
    expect(parse([]).images.size).toBe(0);
  });

  it.each([
    ['base'],
    ['base:'],
    [':v1'],
    ['Base:v1'],
    ['base:v1:v2'],
    ['base/:v1'],
    [7],
    [null],
    [['base:v1']],
  ])("names the line of gcrsync's form that is not image:tag: %j", (line) => {
    const message = messageOf(encode(JSON.stringify(['base:ok', line])));
    expect(message).toContain('does not have the form image:tag');
    expect(message).toContain(EXPECTED.path);
  });

  it('names path, place and remedy of a file that is not JSON', () => {
    const message = messageOf(encode('{\n  "version": 1,\n  "source" "gcr.io/ns"\n}'));
    expect(message).toContain('gcr.io/ns.json');
    expect(message).toContain('line 3 column 12');
    expect(message).toContain('restore an earlier commit');
  });

  it.each([
    ['a merge conflict', encode('<<<<<<< HEAD\n{}')],
    ['an empty file', new Uint8Array()],
    ['a file that is cut off', encode('{ "version": 1, "images": {')],
    ['a file that is not UTF-8', Uint8Array.of(0x22, 0xff, 0xfe, 0x22)],
  ])('refuses %s', (_, bytes) => {
    expect(messageOf(bytes)).toContain("can't be read as a namespace manifest");
  });

  it.each([
    [null],
    ['text'],
    [7],
    [{}],
    [{ version: '1' }],
    [manifestWith({ images: [] })],
    [manifestWith({ images: null })],
  ])('refuses %j', (json) => {
    expect(messageOf(encode(JSON.stringify(json)))).toContain("can't be read as a namespace manifest");
  });

  it.each([
    ['no JSON', '{'],
    ['no manifest', '7'],
    ['an array of another kind', '[1]'],
    ['a bad image', JSON.stringify(manifestWith({ images: { '../a': {} } }))],
    ['a bad entry', JSON.stringify(manifestWith({ images: { a: { v1: 'x' } } }))],
    ['a newer version', JSON.stringify(manifestWith({ version: 2 }))],
    ['another source', JSON.stringify(manifestWith({ source: 'gcr.io/other' }))],
    ['another target', JSON.stringify(manifestWith({ target: 'ghcr.io/other' }))],
  ])('names path and remedy: %s', (_, text) => {
    const message = messageOf(encode(text));
    expect(message.startsWith(`${EXPECTED.path} `)).toBe(true);
    expect(message).toMatch(/Repair it, or restore|use that version$|give each its own file/);
  });

  it('throws nothing but ManifestError, whatever the bytes', () => {
    const given = fc.oneof(
      fc.uint8Array(),
      fc.json().map(encode),
      fc
        .json()
        .map((json) =>
          encode(`{"version":1,"source":"gcr.io/ns","target":"docker.io/mirror","images":${json}}`),
        ),
    );
    fc.assert(
      fc.property(given, (bytes) => {
        let failure: unknown;
        try {
          parseNamespaceManifest(bytes, EXPECTED);
        } catch (error) {
          failure = error;
        }
        expect(failure === undefined || failure instanceof ManifestError).toBe(true);
      }),
    );
  });

  it.each([
    ['of the same form', manifestWith({ version: 2 })],
    ['of another form', { version: 2, namespaces: [] }],
  ])('reports that a newer version of the action is needed for a file %s', (_, json) => {
    expect(messageOf(encode(JSON.stringify(json)))).toContain('a newer version of this action wrote it');
  });

  it.each([
    ['source', 'gcr.io/other'],
    ['target', 'ghcr.io/mirror'],
  ])('refuses another %s, which shares the file', (what, found) => {
    const message = messageOf(encode(JSON.stringify(manifestWith({ [what]: found }))));
    for (const part of [what, found, 'manifest-path', 'metadata-branch']) expect(message).toContain(part);
  });

  it.each([
    ['sha256:short'],
    [`sha256:${'A'.repeat(64)}`],
    [''],
    [7],
    [false],
    [[]],
    [{}],
    [{ digest: A }],
    [{ target: A }],
    [{ digest: A, target: 'x' }],
    [{ digest: A, target: B, platforms: 'linux/amd64' }],
    [{ digest: A, target: B, platforms: [1] }],
  ])('names image and tag of a bad entry: %j', (entry) => {
    const message = messageOf(encode(JSON.stringify(manifestWith({ images: { 'a/b': { 'v1.2': entry } } }))));
    expect(message).toContain('a/b');
    expect(message).toContain('v1.2');
  });

  it.each([
    ['image name', '{ "../up": { "v1": null } }', '../up'],
    ['image that is no object', '{ "base": "latest" }', 'base'],
    ['image that is named as a property', '{ "__proto__": { "v1": null } }', '__proto__'],
    ['tag', '{ "base": { "not a tag": null } }', 'not a tag'],
  ])('refuses a bad %s', (_, json, named) => {
    const { source, target } = EXPECTED;
    const text = `{ "version": 1, "source": "${source}", "target": "${target}", "images": ${json} }`;
    expect(messageOf(encode(text))).toContain(JSON.stringify(named));
  });

  it('reads a tag named __proto__ as a tag', () => {
    const { source, target } = EXPECTED;
    const text = `{ "version": 1, "source": "${source}", "target": "${target}",
      "images": { "constructor": { "__proto__": "${A}" } } }`;
    expect(parseNamespaceManifest(encode(text), EXPECTED).images).toEqual(
      new Map([['constructor', new Map([['__proto__', A]])]]),
    );
  });

  it('reads a file that starts with a byte order mark', () => {
    expect(
      parseNamespaceManifest(encode(`\uFEFF${JSON.stringify(manifestWith({}))}`), EXPECTED).images.size,
    ).toBe(0);
  });
});
