import * as v from 'valibot';
import { type Digest, digestOf } from './digest.ts';
import { type RawManifest, DigestSchema, FIRST_ISSUE } from './manifest.ts';
import { OCI_INDEX } from './media-types.ts';

/** An entry with all that it says, known or not. */
const Entry = v.looseObject({
  mediaType: v.nullish(v.string()),
  digest: DigestSchema,
  artifactType: v.nullish(v.string()),
});
export type ListEntry = v.InferOutput<typeof Entry>;

const List = v.looseObject({ manifests: v.array(Entry) });

/** The entries of a list as they stand there; undefined when `manifest` is no such list. */
export function listEntries(manifest: RawManifest): readonly ListEntry[] | undefined {
  return parseList(manifest)?.manifests;
}

/**
 * A list with the entries of `list`, as they stand there and in their order, and after them those of `entries` that it
 * has not. `list` itself when it has them all.
 *
 * @param list undefined where there is none yet; never anything else than a list
 */
export function uniteList(list: RawManifest | undefined, entries: readonly ListEntry[]): RawManifest {
  const before = list && parseList(list);
  const held = new Set(before?.manifests.map(({ digest }) => digest));
  const added = entries.filter(({ digest }) => !held.has(digest) && held.add(digest));
  if (list && added.length === 0) return list;
  const content = {
    ...(before ?? { schemaVersion: 2, mediaType: OCI_INDEX }),
    manifests: [...(before?.manifests ?? []), ...added],
  };
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  return { mediaType: OCI_INDEX, bytes, digest: digestOf(bytes) };
}

/** True when each entry of `part` is in `whole` too. */
export function includesAll(whole: readonly ListEntry[], part: readonly ListEntry[]): boolean {
  const held = new Set(whole.map(({ digest }) => digest));
  return part.every(({ digest }) => held.has(digest));
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

/** What a manifest refers to, and the entry that tells of it in the list of what refers to that. */
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
  // "" is as good as none.
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
