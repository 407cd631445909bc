import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../src/oci/media-types.ts';

/** A manifest with all that it refers to, ready to be pushed. */
export interface TestImage {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
  /** Child manifests, pushed by digest before it. */
  readonly children: readonly TestImage[];
  readonly platform?: string;
}

/** Bytes that look random and are the same for the same seed. */
export function seededBytes(size: number, seed: string): Buffer {
  const blocks: Buffer[] = [];
  for (let made = 0, block = 0; made < size; block += 1) {
    const bytes = createHash('shake256', { outputLength: Math.min(size - made, 65_536) })
      .update(`${seed} ${block}`)
      .digest();
    blocks.push(bytes);
    made += bytes.length;
  }
  return Buffer.concat(blocks);
}

/** A tar archive of one file. https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function tar(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        0', 148);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}

export interface ImageOptions {
  readonly seed: string;
  /** Bytes of each layer's file. */
  readonly layers?: readonly number[];
  /** Seeds of the layers, where images share some. */
  readonly layerSeeds?: readonly string[];
  readonly platform?: string;
  readonly oci?: boolean;
}

/** An image that docker can pull: real layers, and a config that names them. */
export function makeImage(options: ImageOptions): TestImage {
  const { seed, layers = [1000], platform = 'linux/amd64', oci = false } = options;
  const [os = '', architecture = '', variant] = platform.split('/');
  const tars = layers.map((size, index) => {
    const layerSeed = options.layerSeeds?.[index] ?? `${seed} ${index}`;
    return tar(`file-${createHash('md5').update(layerSeed).digest('hex')}`, seededBytes(size, layerSeed));
  });
  const zipped = tars.map((layer) => gzipSync(layer, { level: 1 }));
  const config = Buffer.from(
    JSON.stringify({
      os,
      architecture,
      ...(variant !== undefined && { variant }),
      created: '2026-01-01T00:00:00Z',
      config: { Env: ['PATH=/bin'], Labels: { seed } },
      rootfs: { type: 'layers', diff_ids: tars.map((layer) => digestOf(layer)) },
      history: tars.map(() => ({ created: '2026-01-01T00:00:00Z', created_by: 'test' })),
    }),
  );
  const mediaType = oci ? OCI_MANIFEST : DOCKER_MANIFEST;
  const types = oci
    ? {
        config: 'application/vnd.oci.image.config.v1+json',
        layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
      }
    : {
        config: 'application/vnd.docker.container.image.v1+json',
        layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
      };
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: describe(types.config, config),
    layers: zipped.map((layer) => describe(types.layer, layer)),
  };
  return { ...makeManifest(mediaType, manifest, [config, ...zipped]), platform };
}

/** A manifest of any content, with the blobs it refers to. */
export function makeManifest(mediaType: string, content: unknown, blobs: readonly Uint8Array[]): TestImage {
  const bytes = Buffer.from(JSON.stringify(content, null, 3));
  const byDigest = new Map(blobs.map((blob) => [digestOf(blob), blob]));
  return { mediaType, bytes, digest: digestOf(bytes), blobs: byDigest, children: [] };
}

export interface ReferrerOptions {
  readonly seed: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const SBOM = 'application/spdx+json';
export const SIGNATURE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** An artifact that refers to `subject`, as cosign and oras make them. */
export function makeReferrer(
  subject: Pick<TestImage, 'mediaType' | 'bytes'>,
  { seed, artifactType = SBOM, annotations }: ReferrerOptions,
): TestImage {
  const empty = Buffer.from('{}');
  const content = seededBytes(100, seed);
  return makeManifest(
    OCI_MANIFEST,
    {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType,
      config: describe('application/vnd.oci.empty.v1+json', empty),
      layers: [describe(artifactType, content)],
      subject: describe(subject.mediaType, subject.bytes),
      ...(annotations && { annotations }),
    },
    [empty, content],
  );
}

/** A signature as cosign keeps it under `cosignTag`: to look at its config alone, it is an image. */
export function makeCosignSignature(subject: Pick<TestImage, 'digest'>): TestImage {
  const critical = {
    image: { 'docker-manifest-digest': subject.digest },
    type: 'cosign container image signature',
  };
  const payload = Buffer.from(JSON.stringify({ critical, optional: null }));
  const config = Buffer.from(
    JSON.stringify({
      architecture: '',
      os: '',
      rootfs: { type: 'layers', diff_ids: [digestOf(payload)] },
      config: {},
    }),
  );
  const layer = {
    ...describe('application/vnd.dev.cosign.simplesigning.v1+json', payload),
    annotations: { 'dev.cosignproject.cosign/signature': 'MEUCIQ==' },
  };
  const content = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: [layer],
  };
  return makeManifest(OCI_MANIFEST, content, [config, payload]);
}

/** The tag under which cosign keeps signatures (`sig`), attestations (`att`) or SBOMs (`sbom`) of `subject`. */
export function cosignTag(
  { digest }: Pick<TestImage, 'digest'>,
  kind: 'sig' | 'att' | 'sbom' = 'sig',
): string {
  return `${digest.replace(':', '-')}.${kind}`;
}

/** The list of `referrers` that clients keep under a tag where a registry has no API for it. */
export function makeReferrersList(referrers: readonly TestImage[]): TestImage {
  const manifests = referrers.map(({ mediaType, bytes }) => describe(mediaType, bytes));
  const list = makeManifest(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, []);
  return { ...list, children: referrers };
}

export interface IndexOptions {
  readonly oci?: boolean;
  /** Adds an attestation manifest about the first child, as buildx does. */
  readonly attestation?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An index over images or other indexes. */
export function makeIndex(
  children: readonly TestImage[],
  { oci = false, attestation, annotations }: IndexOptions = {},
): TestImage {
  const [about] = children;
  const attestations = attestation === true && about ? [makeAttestation(about)] : [];
  const mediaType = oci ? OCI_INDEX : DOCKER_LIST;
  const all = [...children, ...attestations];
  const content = {
    schemaVersion: 2,
    mediaType,
    manifests: all.map((child) => ({
      ...describe(child.mediaType, child.bytes),
      ...(child.platform !== undefined && { platform: parsePlatform(child.platform) }),
      ...(attestations.includes(child) &&
        about && {
          platform: { os: 'unknown', architecture: 'unknown' },
          annotations: {
            'vnd.docker.reference.digest': about.digest,
            'vnd.docker.reference.type': 'attestation-manifest',
          },
        }),
    })),
    ...(annotations && { annotations }),
  };
  return { ...makeManifest(mediaType, content, []), children: all };
}

function makeAttestation(about: TestImage): TestImage {
  const statement = Buffer.from(
    JSON.stringify({ predicateType: 'https://slsa.dev/provenance/v1', subject: about.digest }),
  );
  const config = Buffer.from(JSON.stringify({ architecture: 'unknown', os: 'unknown', about: about.digest }));
  return makeManifest(
    OCI_MANIFEST,
    {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: describe('application/vnd.oci.image.config.v1+json', config),
      layers: [describe('application/vnd.in-toto+json', statement)],
    },
    [config, statement],
  );
}

export function describe(
  mediaType: string,
  bytes: Uint8Array,
): { mediaType: string; digest: Digest; size: number } {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function parsePlatform(platform: string): Record<string, string> {
  const [os = '', architecture = '', variant] = platform.split('/');
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

/** Pushes an image, its children first, to any registry. */
export async function pushImage(
  registryUrl: string,
  repository: string,
  tags: readonly string[],
  image: TestImage,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const child of image.children)
    await pushImage(registryUrl, repository, [child.digest], child, headers);
  const base = `${registryUrl}/v2/${repository}`;
  for (const [digest, bytes] of image.blobs) {
    const head = await fetch(`${base}/blobs/${digest}`, { method: 'HEAD', headers });
    if (head.status === 200) continue;
    const started = await ensure(fetch(`${base}/blobs/uploads/`, { method: 'POST', headers }));
    const location = new URL(started.headers.get('location') ?? '', started.url);
    location.searchParams.set('digest', digest);
    await ensure(fetch(location, { method: 'PUT', headers, body: Buffer.from(bytes) }));
  }
  for (const tag of tags) {
    const type = { 'content-type': image.mediaType };
    const body = Buffer.from(image.bytes);
    await ensure(
      fetch(`${base}/manifests/${tag}`, { method: 'PUT', headers: { ...headers, ...type }, body }),
    );
  }
}

async function ensure(answer: Promise<Response>): Promise<Response> {
  const response = await answer;
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
  return response;
}
