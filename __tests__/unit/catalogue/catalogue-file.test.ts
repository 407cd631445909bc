import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  CatalogueError,
  packDigest,
  parseCatalogue,
  serializeCatalogue,
} from '../../../src/catalogue/catalogue-file.ts';
import { catalogues, manifestOf, partFor } from '../../support/fixtures/catalogues.ts';
import { digest } from '../../support/fixtures/digests.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const Parts = v.object({ parts: v.array(v.looseObject({})) });
const EXAMPLE = [
  partFor(
    manifestOf('gcr.io/ns', 'docker.io/mirror', {
      'a/b': {
        latest: digest(255),
        v1: digest(255),
        small: { digest: digest(1), target: digest(2), platforms: ['linux/amd64'] },
      },
      c: { old: null },
    }),
  ),
];

describe('serializeCatalogue', () => {
  it('has one image per line', () => {
    const [sha] = EXAMPLE.map((part) => part.sha);
    const [all, small] = [digest(255), digest(2)].map(packDigest);
    expect(serializeCatalogue(EXAMPLE)).toBe(
      `{"version":1,"parts":[
{"path":"gcr.io/ns.json","sha":"${sha}","changed":"2026-11-25T03:17:00Z","source":"gcr.io/ns","target":"docker.io/mirror","images":[
["a/b",[["latest v1","${all}"],["small","${small}","${packDigest(digest(1))}",["linux/amd64"]]],"a_b"],
["c",[["old"]]]
]}
]}
`,
    );
  });

  it('is what parseCatalogue reads', () => {
    fc.assert(
      fc.property(catalogues, (catalogue) => {
        const text = serializeCatalogue(catalogue);
        const read = parseCatalogue(encode(text), 'docs/catalogue.json');
        expect(read).toEqual(catalogue);
        expect(serializeCatalogue(read)).toBe(text);
      }),
    );
  });

  it('changes one line when a tag is added', () => {
    const more = manifestOf('gcr.io/ns', 'docker.io/mirror', {
      a: { v1: digest(1), v2: digest(2) },
      b: { v1: digest(3) },
    });
    const less = manifestOf('gcr.io/ns', 'docker.io/mirror', { a: { v1: digest(1) }, b: { v1: digest(3) } });
    const [before, after] = [less, more].map((one) =>
      serializeCatalogue([{ ...partFor(one), sha: 'a'.repeat(40) }]).split('\n'),
    );
    expect(after?.filter((line) => before?.includes(line) !== true)).toHaveLength(1);
  });
});

describe('packDigest', () => {
  it('takes 43 characters for sha256, and leaves sha512 as it is', () => {
    expect(packDigest(digest(7))).toHaveLength(43);
    expect(packDigest(`sha512:${'a'.repeat(128)}`)).toBe(`sha512:${'a'.repeat(128)}`);
  });
});

describe('parseCatalogue', () => {
  const replaced = (part: object): string => JSON.stringify({ version: 1, parts: [part] });
  const {
    parts: [part = {}],
  } = v.parse(Parts, JSON.parse(serializeCatalogue(EXAMPLE)));

  it.each([
    ['no JSON', '<html>', /JSON/],
    ['an array', '[]', /not an object with version/],
    ['a newer version', '{"version":2,"parts":[]}', /version 2, and this action reads version 1/],
    ['a path outside', replaced({ ...part, path: '../x' }), /a part of it is not valid/],
    ['a source that is none', replaced({ ...part, source: '<b>' }), /a part of it/],
    ['a tag that is none', replaced({ ...part, images: [['a', [['<b>']]]] }), /a part of it/],
    ['an image that is none', replaced({ ...part, images: [['A', [['v1']]]] }), /a part of it/],
    ['a name that is none', replaced({ ...part, images: [['a', [['v1']], '../a']] }), /a part of it/],
    ['a digest that is none', replaced({ ...part, images: [['a', [['v1', 'abc']]]] }), /a part of it/],
    ['no groups', replaced({ ...part, images: [['a']] }), /a part of it/],
    [
      'platforms that are none',
      replaced({ ...part, images: [['a', [['v1', packDigest(digest(1)), '', [1]]]]] }),
      /a part/,
    ],
  ])('refuses %s, and says what to do', (_, text, message) => {
    const read = (): unknown => parseCatalogue(encode(text), 'docs/catalogue.json');
    expect(read).toThrow(CatalogueError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^docs\/catalogue\.json .*Move it away/);
  });
});
