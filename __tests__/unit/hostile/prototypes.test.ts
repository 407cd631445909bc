import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { reduceIndex } from '../../../src/copy/registry/reduce-index.ts';
import { readGoogleList } from '../../../src/list/google.ts';
import { mergeImages } from '../../../src/mirror/record-entry.ts';
import { readDockerConfig } from '../../../src/oci/auth/docker-config.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { readErrorBody } from '../../../src/oci/errors.ts';
import { readManifest } from '../../../src/oci/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/oci/media-types.ts';
import {
  parseNamespaceManifest,
  serializeNamespaceManifest,
} from '../../../src/record/namespace-manifest.ts';
import { digest } from '../../support/fixtures/digests.ts';

/** JSON whose every object has a `__proto__` of its own. */
const POLLUTED = '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}';
const EXPECTED = { path: 'p.json', source: 's', target: 't' };
const DESCRIPTOR = `{${POLLUTED},"digest":"${digest(1)}","size":1,"platform":{${POLLUTED},"os":"linux","architecture":"amd64"}}`;

afterEach(() => {
  if ('polluted' in {} || 'polluted' in Object) throw new Error('A prototype is polluted');
});

describe('__proto__', () => {
  it('in a namespace manifest is an invalid image name, and a tag like any other', () => {
    const parse = (images: string): unknown =>
      parseNamespaceManifest(
        Buffer.from(`{${POLLUTED},"version":1,"source":"s","target":"t","images":${images}}`),
        EXPECTED,
      ).images;
    expect(() => parse(`{${POLLUTED}}`)).toThrow('"__proto__": "polluted" is not valid');
    expect(() => parse(`{"__proto__":{"v1":null}}`)).toThrow('"__proto__" is not the name of an image');
    expect(parse(`{"a":{"__proto__":null}}`)).toEqual(new Map([['a', new Map([['__proto__', null]])]]));
  });

  it('as a tag is merged and written like any other', () => {
    const images = new Map([['constructor', new Map([['__proto__', digest(1)]])]]);
    const merged = mergeImages(new Map(), images);
    const text = serializeNamespaceManifest({ source: 's', target: 't', images: merged });
    expect(parseNamespaceManifest(Buffer.from(text), EXPECTED).images).toEqual(images);
  });

  it('in the header of a namespace manifest has no effect', () => {
    const text = '{"__proto__":{"version":1,"source":"s","target":"t","images":{}}}';
    expect(() => parseNamespaceManifest(Buffer.from(text), EXPECTED)).toThrow("can't be read");
  });

  it("in Google's list is not a manifest", () => {
    const json: unknown = JSON.parse(
      `{${POLLUTED},"child":[],"manifest":{${POLLUTED},"${digest(1)}":{${POLLUTED},"tag":["v1"]}}}`,
    );
    const listed = readGoogleList({ json });
    expect(listed?.tags).toEqual(new Map([['v1', { digest: digest(1) }]]));
    const inherited: unknown = JSON.parse('{"__proto__":{"child":["a"],"manifest":{}}}');
    expect(readGoogleList({ json: inherited })).toBeUndefined();
  });

  it('in an image manifest and in an index refers to nothing', () => {
    const image = Buffer.from(`{${POLLUTED},"config":${DESCRIPTOR},"layers":[]}`);
    expect(readManifest({ mediaType: OCI_MANIFEST, bytes: image }).kind).toBe('image');
    const inherited = Buffer.from(`{"__proto__":{"config":${DESCRIPTOR}}}`);
    expect(() => readManifest({ mediaType: OCI_MANIFEST, bytes: inherited })).toThrow('has neither');
  });

  it('in an index that is reduced has no effect', () => {
    const other = DESCRIPTOR.replace(digest(1), digest(2)).replace('amd64', 'arm64');
    const bytes = Buffer.from(
      `{${POLLUTED},"mediaType":"${OCI_INDEX}","manifests":[${DESCRIPTOR},${other}]}`,
    );
    const index = { mediaType: OCI_INDEX, bytes, digest: digestOf(bytes) };
    const content = readManifest(index);
    const children = content.kind === 'index' ? content.children : [];
    const reduced = reduceIndex(index, children, ['linux/amd64']);
    const read = reduced && readManifest(reduced);
    expect(read?.kind === 'index' && read.children.map(({ digest }) => digest)).toEqual([digest(1)]);
  });

  it('in an error body has no effect', () => {
    expect(readErrorBody(`{${POLLUTED},"errors":[{${POLLUTED},"code":"X"}]}`).codes).toEqual(['X']);
  });

  it('in a docker config is not a login', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
    await writeFile(
      join(folder, 'config.json'),
      `{${POLLUTED},"auths":{"__proto__":{"auth":"eDp5"},"a.io":{}}}`,
    );
    const { auths } = await readDockerConfig(folder);
    await rm(folder, { recursive: true });
    expect(Object.keys(auths ?? {})).toEqual(['a.io']);
  });
});
