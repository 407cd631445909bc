import * as v from 'valibot';
import { type Digest, digestOf } from './digest.ts';
import { type RawManifest, DigestSchema, FIRST_ISSUE } from './manifest.ts';
import { OCI_INDEX } from './media-types.ts';

/** An entry with all its fields, known or not. */
const Entry = v.looseObject({
  mediaType: v.nullish(v.string()),
  digest: DigestSchema,
  artifactType: v.nullish(v.string()),
});
export type ListEntry = v.InferOutput<typeof Entry>;

const List = v.looseObject({ manifests: v.array(Entry) });

/** The unchanged entries of a list; undefined when `manifest` is not such a list. */
export function listEntries(manifest: RawManifest): readonly ListEntry[] | undefined {
  return parseList(manifest)?.manifests;
}

/**
 * A list with the unchanged entries of `list` in their order, followed by those of `entries` that it lacks. Returns `list`
 * itself if it lacks none.
 *
 * @param list undefined if there is none yet; otherwise it must be a list
 */
export function uniteList(list: RawManifest | undefined, entries: readonly ListEntry[]): RawManifest {
  const before = list && parseList(list);
  const present = new Set(before?.manifests.map(({ digest }) => digest));
  const added = entries.filter(({ digest }) => !present.has(digest) && present.add(digest));
  if (list && added.length === 0) return list;
  const content = {
    ...(before ?? { schemaVersion: 2, mediaType: OCI_INDEX }),
    manifests: [...(before?.manifests ?? []), ...added],
  };
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  return { mediaType: OCI_INDEX, bytes, digest: digestOf(bytes) };
}

/** True when every entry of `part` is also in `whole`. */
export function includesAll(whole: readonly ListEntry[], part: readonly ListEntry[]): boolean {
  const present = new Set(whole.map(({ digest }) => digest));
  return part.every(({ digest }) => present.has(digest));
}

function parseList({ mediaType, bytes }: RawManifest): v.InferOutput<typeof List> | undefined {
  if (mediaType !== OCI_INDEX) return undefined;
  const schema = v.pipe(v.string(), v.parseJson(), List);
  const parsed = v.safeParse(schema, new TextDecoder().decode(bytes), FIRST_ISSUE);
  return parsed.success ? parsed.output : undefined;
}

const Referrer = v.object({
  artifactType: v.nullish(v.string()),
  config: v.nullish(v.object({ mediaType: v.nullish(v.string()) })),
  subject: v.nullish(v.object({ digest: DigestSchema })),
  annotations: v.nullish(v.record(v.string(), v.string())),
});

/** The subject of a manifest, and the manifest's entry in the list of that subject's referrers. */
export interface Referrer {
  readonly subject: Digest | undefined;
  readonly entry: ListEntry;
}

/** @returns undefined when `manifest` is malformed */
export function readReferrer({ mediaType, digest, bytes }: RawManifest): Referrer | undefined {
  const schema = v.pipe(v.string(), v.parseJson(), Referrer);
  const parsed = v.safeParse(schema, new TextDecoder().decode(bytes), FIRST_ISSUE);
  if (!parsed.success) return undefined;
  const { subject, config, annotations } = parsed.output;
  // An empty artifactType counts as absent.
  const artifactType = parsed.output.artifactType || config?.mediaType;
  const entry = {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType && { artifactType }),
    ...(annotations && { annotations }),
  };
  return { subject: subject?.digest, entry };
}
