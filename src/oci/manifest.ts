import * as v from 'valibot';
import { type Digest, isDigest } from './digest.ts';
import { printable } from './errors.ts';
import { canonicalPlatform, parsePlatform } from './platform.ts';
import { OCI_INDEX, OCI_MANIFEST, SCHEMA1, isIndexType, isSchema1Type } from './media-types.ts';

/** A manifest as the registry sent it: bytes, type and digest belong together, and are never serialised again. */
export interface RawManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** Stops at the first issue: millions of malformed entries would otherwise take more memory than a runner has. */
export const FIRST_ISSUE = { abortEarly: true } as const;

/** True for a size in bytes that can be added up: registries may state any number. */
export function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0;
}

/** A digest in one of the registered algorithms. */
export const DigestSchema = v.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'not a digest',
);
export const DescriptorSchema = v.object({
  mediaType: v.optional(v.string(), ''),
  digest: DigestSchema,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  urls: v.optional(v.nullable(v.array(v.string()))),
  platform: v.optional(
    v.nullable(
      // Some tools leave fields out.
      v.object({
        os: v.optional(v.string(), ''),
        architecture: v.optional(v.string(), ''),
        variant: v.optional(v.nullable(v.string())),
      }),
    ),
  ),
  annotations: v.optional(v.nullable(v.record(v.string(), v.string()))),
  artifactType: v.optional(v.nullable(v.string())),
});

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md */
export type Descriptor = v.InferOutput<typeof DescriptorSchema>;

const Content = v.object({
  mediaType: v.optional(v.string()),
  schemaVersion: v.optional(v.number()),
  config: v.optional(v.nullable(DescriptorSchema)),
  layers: v.optional(v.nullable(v.array(DescriptorSchema))),
  manifests: v.optional(v.nullable(v.array(DescriptorSchema))),
});

/** What a manifest refers to, whatever its type. */
export type ManifestContent =
  | { readonly kind: 'index'; readonly children: readonly Descriptor[] }
  | { readonly kind: 'image'; readonly config: Descriptor; readonly layers: readonly Descriptor[] }
  | { readonly kind: 'schema1' };

/**
 * Reads what `manifest` refers to. Where the `Content-Type` was wrong, the manifest's own fields decide.
 *
 * @throws Error with the cause when it is not a manifest of a known kind
 */
export function readManifest(manifest: Pick<RawManifest, 'mediaType' | 'bytes'>): ManifestContent {
  let content = contents.get(manifest);
  if (!content) contents.set(manifest, (content = parseContent(manifest)));
  return content;
}

/** What was read: a copy looks at each manifest several times. */
const contents = new WeakMap<object, ManifestContent>();

function parseContent(manifest: Pick<RawManifest, 'mediaType' | 'bytes'>): ManifestContent {
  if (isSchema1Type(manifest.mediaType)) return { kind: 'schema1' };
  const parsed = v.safeParse(Content, parseJson(manifest.bytes), FIRST_ISSUE);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const where = printable(v.getDotPath(issue) ?? 'its root', 100);
    throw new Error(`The manifest is malformed at ${where}: ${printable(issue.message)}`);
  }
  const { config, layers, manifests, schemaVersion } = parsed.output;
  if (manifests && !config) return { kind: 'index', children: manifests };
  if (config && !isIndexType(manifest.mediaType)) return { kind: 'image', config, layers: layers ?? [] };
  if (schemaVersion === 1) return { kind: 'schema1' };
  throw new Error(
    `The manifest of type "${printable(manifest.mediaType, 100)}" has neither "manifests" nor "config"`,
  );
}

/**
 * The media type of a manifest that was sent as `contentType`. Registries send some as `application/json` or plain text;
 * then the manifest's own `mediaType` decides, or else its fields.
 */
export function mediaTypeOf(bytes: Uint8Array, contentType: string): string {
  const [type = ''] = contentType.split(';');
  if (type.startsWith('application/vnd.')) return type.trim();
  const parsed = v.safeParse(Content, parseJson(bytes), FIRST_ISSUE);
  if (!parsed.success) return type.trim();
  const { mediaType, manifests, config, schemaVersion } = parsed.output;
  if (mediaType) return mediaType;
  if (manifests) return OCI_INDEX;
  if (config) return OCI_MANIFEST;
  return schemaVersion === 1 ? SCHEMA1 : type.trim();
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Error('The manifest is not JSON');
  }
}

/** The platform as the descriptor states it: `linux/amd64`, `linux/arm64/v8`; undefined if it states none. */
export function formatPlatform({ platform }: Descriptor): string | undefined {
  if (!platform) return undefined;
  const { os, architecture, variant } = platform;
  if (os === '' && architecture === '') return undefined;
  return variant ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`;
}

/** True when the platform of a descriptor is `wanted`, in whatever way both are written. */
export function matchesPlatform(descriptor: Descriptor, wanted: string): boolean {
  const { platform } = descriptor;
  return platform ? canonicalPlatform(platform) === canonicalPlatform(parsePlatform(wanted)) : false;
}

/**
 * True for a layer that is stored at its `urls` and not in the registry. Without `urls` it is in the registry like any other.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#non-distributable-layers
 */
export function isForeignLayer({ mediaType, urls }: Descriptor): boolean {
  const isNondistributable = mediaType.includes('.foreign.') || mediaType.includes('.nondistributable.');
  return isNondistributable && urls != null && urls.length > 0;
}
