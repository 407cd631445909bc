import * as v from 'valibot';
import { digestOf } from '../../oci/digest.ts';
import { type Descriptor, type RawManifest, DigestSchema } from '../../oci/manifest.ts';
import { OCI_MANIFEST } from '../../oci/media-types.ts';

/**
 * cosign keeps all signatures of an image as layers of one manifest, and all its attestations as layers of another. Whoever signs
 * adds a layer.
 * https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
const LIST_LAYERS = new Set([
  'application/vnd.dev.cosign.simplesigning.v1+json',
  'application/vnd.dsse.envelope.v1+json',
]);

const Layer = v.looseObject({
  mediaType: v.string(),
  digest: DigestSchema,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  annotations: v.nullish(v.record(v.string(), v.string())),
});
type Layer = v.InferOutput<typeof Layer>;

const Manifest = v.looseObject({
  config: v.looseObject({ mediaType: v.string(), digest: DigestSchema, size: v.number() }),
  layers: v.array(Layer),
});

const Config = v.looseObject({ rootfs: v.looseObject({ diff_ids: v.array(v.string()) }) });

/** Signatures or attestations at the target and at the source. */
export type Comparison =
  /** The source has all that the target has, and more. */
  | { readonly kind: 'outdated' }
  /** The target has all that the source has. */
  | { readonly kind: 'complete' }
  /** Each has some that the other does not have: the layers are the source's own. */
  | { readonly kind: 'diverged'; readonly added: readonly Descriptor[] }
  /** At least one is not a list of signatures or attestations. */
  | { readonly kind: 'unknown' };

/** Compares the lists of signatures, or of attestations, that target and source keep under the same tag. */
export function compareLists(target: RawManifest, source: RawManifest): Comparison {
  const [atTarget, atSource] = [readLayers(target), readLayers(source)];
  if (!atTarget || !atSource) return { kind: 'unknown' };
  const [targetKeys, sourceKeys] = [new Set(atTarget.map(keyOf)), new Set(atSource.map(keyOf))];
  const added = atSource.filter((layer) => !targetKeys.has(keyOf(layer)));
  if (added.length === 0) return { kind: 'complete' };
  return atTarget.every((layer) => sourceKeys.has(keyOf(layer)))
    ? { kind: 'outdated' }
    : { kind: 'diverged', added };
}

/** The target's list with the layers of `source` that it lacks, and the config that names them. */
export function mergeLists(
  target: RawManifest,
  source: RawManifest,
  targetConfig: Uint8Array,
): { readonly manifest: RawManifest; readonly config: Uint8Array } {
  const content = parse(Manifest, target.bytes);
  const keys = new Set(content.layers.map(keyOf));
  const added = parse(Manifest, source.bytes).layers.filter((layer) => !keys.has(keyOf(layer)));
  const config = addLayersToConfig(targetConfig, added);
  const merged = {
    ...content,
    config: { ...content.config, digest: digestOf(config), size: config.length },
    layers: [...content.layers, ...added],
  };
  const bytes = encode(merged);
  return { manifest: { mediaType: target.mediaType, bytes, digest: digestOf(bytes) }, config };
}

/** A config of another form than an image's stays as it is. The layers are not compressed. */
function addLayersToConfig(config: Uint8Array, added: readonly Layer[]): Uint8Array {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Config), new TextDecoder().decode(config));
  if (!parsed.success) return config;
  const { rootfs, ...rest } = parsed.output;
  const diffIds = [...rootfs.diff_ids, ...added.map(({ digest }) => digest)];
  return encode({ ...rest, rootfs: { ...rootfs, diff_ids: diffIds } });
}

function readLayers({ mediaType, bytes }: RawManifest): Layer[] | undefined {
  if (mediaType !== OCI_MANIFEST) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Manifest), new TextDecoder().decode(bytes));
  if (!parsed.success) return undefined;
  const { layers } = parsed.output;
  return layers.every((layer) => LIST_LAYERS.has(layer.mediaType)) ? layers : undefined;
}

/** Signatures of one payload by several keys have the same digest and differ in their annotations. */
function keyOf({ digest, annotations }: Layer): string {
  const sorted = Object.entries(annotations ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([digest, sorted]);
}

function parse<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array): T {
  return v.parse(schema, JSON.parse(new TextDecoder().decode(bytes)));
}

function encode(content: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(content));
}
