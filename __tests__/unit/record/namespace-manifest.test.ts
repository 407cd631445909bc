import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type RecordEntry,
  type RecordedImages,
  type NamespaceManifest,
  countEntries,
  mergeImages,
  removeEntries,
} from '../../../src/mirror/record-entry.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import {
  ManifestError,
  parseNamespaceManifest,
  serializeNamespaceManifest,
} from '../../../src/record/namespace-manifest.ts';

const EXPECTED = { path: 'gcr.io/ns.json', source: 'gcr.io/ns', target: 'docker.io/mirror' };
const A: Digest = `sha256:${'a'.repeat(64)}`;
const B: Digest = `sha256:${'b'.repeat(64)}`;

const digests = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex): Digest => `sha256:${hex}`);
const entries: fc.Arbitrary<RecordEntry> = fc.oneof(
  fc.constant(null),
  digests,
  fc.record({ digest: digests, target: digests }),
  fc.record({
    digest: digests,
    target: digests,
    platforms: fc.array(fc.constantFrom('linux/amd64', 'linux/arm/v7'), { minLength: 1 }),
  }),
);
const imageNames = fc.oneof(
  fc.constantFrom('constructor', 'tostring', 'a/b/c', 'a', '10', '9'),
  fc.stringMatching(/^[a-z0-9]{1,5}(\/[a-z0-9]{1,4}){0,2}$/),
);
const tagNames = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'latest', '10', '9'),
  fc.stringMatching(/^\w[\w.-]{0,9}$/),
);
const images = fc
  .array(fc.tuple(imageNames, fc.array(fc.tuple(tagNames, entries), { minLength: 1, maxLength: 6 })), {
    maxLength: 6,
  })
  .map((list): RecordedImages => new Map(list.map(([image, tags]) => [image, new Map(tags)])));

function withImages(some: RecordedImages): NamespaceManifest {
  return { source: EXPECTED.source, target: EXPECTED.target, images: some };
}

function flatten(some: RecordedImages): Map<string, RecordEntry> {
  return new Map(
    Array.from(some).flatMap(([image, tags]) =>
      Array.from(tags, ([tag, entry]) => [`${image}:${tag}`, entry] as const),
    ),
  );
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
  it('sorts the keys and puts one tag a line', () => {
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

  it('has an empty object where there are no images', () => {
    expect(serializeNamespaceManifest(withImages(new Map()))).toMatch(/\n {2}"images": \{\}\n\}\n$/);
  });

  it('is read back as it was', () => {
    fc.assert(
      fc.property(images, (some) => {
        const bytes = encode(serializeNamespaceManifest(withImages(some)));
        expect(parseNamespaceManifest(bytes, EXPECTED)).toEqual(withImages(some));
      }),
    );
  });

  it('depends on what is in the manifest and not on its order', () => {
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

  it('keeps 40,000 tags', () => {
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

  it.each([['base:'], [':v1'], ['Base:v1'], ['base:v1:v2'], ['base/:v1'], [7], [null], [['base:v1']]])(
    "names the line of gcrsync's form that is none: %j",
    (line) => {
      const message = messageOf(encode(JSON.stringify(['base:ok', line])));
      expect(message).toContain('is not of the form image:tag');
      expect(message).toContain(EXPECTED.path);
    },
  );

  it('names path, place and remedy where it is not JSON', () => {
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
    expect(message).toMatch(/mend it, or restore|use that one$|give each its own file/);
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

  it('says that a newer version of the action is needed', () => {
    expect(messageOf(encode(JSON.stringify(manifestWith({ version: 2 }))))).toContain(
      'written by a newer version of this action',
    );
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

  it('takes a tag named __proto__ for a tag', () => {
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

describe('mergeImages', () => {
  it('takes what is new or has moved, tag by tag', () => {
    const base: RecordedImages = new Map([
      [
        'base',
        new Map([
          ['v1', A],
          ['v2', A],
        ]),
      ],
    ]);
    const delta: RecordedImages = new Map([
      [
        'base',
        new Map<string, RecordEntry>([
          ['v2', B],
          ['v3', null],
        ]),
      ],
    ]);
    expect(mergeImages(base, delta)).toEqual(
      new Map([
        [
          'base',
          new Map<string, RecordEntry>([
            ['v1', A],
            ['v2', B],
            ['v3', null],
          ]),
        ],
      ]),
    );
    expect(base.get('base')?.get('v2')).toBe(A);
  });

  it('never gives up a known digest for an unknown one, and fills in an unknown one', () => {
    const known: RecordedImages = new Map([['base', new Map([['v1', A]])]]);
    const unknown: RecordedImages = new Map([['base', new Map([['v1', null]])]]);
    expect(mergeImages(known, unknown)).toBe(known);
    expect(mergeImages(unknown, known)).toEqual(known);
  });

  it('gives the base itself when nothing changes', () => {
    const entry: RecordEntry = { digest: A, target: B, platforms: ['linux/amd64'] };
    const base: RecordedImages = new Map([['base', new Map<string, RecordEntry>([['v1', entry]])]]);
    expect(mergeImages(base, new Map([['base', new Map<string, RecordEntry>([['v1', { ...entry }]])]]))).toBe(
      base,
    );
    expect(mergeImages(base, new Map([['other', new Map<string, RecordEntry>()]]))).toBe(base);
    const { platforms: _, ...whole } = entry;
    expect(mergeImages(base, new Map([['base', new Map<string, RecordEntry>([['v1', whole]])]]))).not.toBe(
      base,
    );
  });

  it('never replaces a known digest by null, whatever is merged', () => {
    fc.assert(
      fc.property(images, images, (base, delta) => {
        const merged = flatten(mergeImages(base, delta));
        const forgotten = Array.from(flatten(base)).filter(
          ([name, entry]) => entry !== null && (merged.get(name) ?? null) === null,
        );
        expect(forgotten).toEqual([]);
        expect(mergeImages(base, base)).toBe(base);
      }),
    );
  });

  it('changes neither of the two that it merges', () => {
    fc.assert(
      fc.property(images, images, (base, delta) => {
        const before = [flatten(base), flatten(delta)];
        mergeImages(base, delta);
        expect([flatten(base), flatten(delta)]).toEqual(before);
      }),
    );
  });

  it('is idempotent, loses no tag and makes none up', () => {
    fc.assert(
      fc.property(images, images, (base, delta) => {
        const merged = mergeImages(base, delta);
        expect(mergeImages(merged, delta)).toBe(merged);
        const model = flatten(base);
        for (const [name, entry] of flatten(delta)) {
          if (entry !== null || !model.has(name)) model.set(name, entry);
        }
        expect(flatten(merged)).toEqual(model);
      }),
    );
  });

  it('does not depend on the order of deltas that have no tag in common', () => {
    fc.assert(
      fc.property(images, images, fc.func(fc.boolean()), (base, all, isFirst) => {
        const part = (wanted: boolean): RecordedImages =>
          new Map(
            Array.from(all, ([image, tags]) => [
              image,
              new Map(Array.from(tags).filter(([tag]) => isFirst(image, tag) === wanted)),
            ]),
          );
        const [one, two] = [part(true), part(false)];
        expect(mergeImages(mergeImages(base, one), two)).toEqual(mergeImages(mergeImages(base, two), one));
      }),
    );
  });
});

describe('removeEntries', () => {
  const entries = fc.dictionary(fc.constantFrom('v1', 'v2', 'v3'), fc.option(fc.constantFrom(A, B)));
  const images = fc
    .dictionary(fc.constantFrom('a', 'b', 'c'), entries)
    .map(
      (plain) =>
        new Map(Object.entries(plain).map(([image, tags]) => [image, new Map(Object.entries(tags))])),
    );

  it('takes out what is still as it was seen, and nothing else', () => {
    fc.assert(
      fc.property(images, images, (base, removed) => {
        const left = removeEntries(base, removed);
        for (const [image, tags] of base) {
          for (const [tag, entry] of tags) {
            const seen = removed.get(image)?.get(tag);
            expect(left.get(image)?.get(tag)).toBe(seen === entry ? undefined : entry);
          }
        }
        expect(countEntries(left)).toBeLessThanOrEqual(countEntries(base));
      }),
    );
  });

  it('gives the very same images when there is nothing to take out', () => {
    const base = new Map([['a', new Map([['v1', A]])]]);
    expect(removeEntries(base, new Map([['a', new Map([['v1', B]])]]))).toBe(base);
  });
});
