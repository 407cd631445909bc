import type { ServerResponse } from 'node:http';
import * as v from 'valibot';
import { OCI_INDEX } from '../../../src/oci/media-types.ts';
import { sendJson } from '../network/http.ts';
import type { MemoryStore, StoredManifest } from './memory-store.ts';

const Manifest = v.object({
  artifactType: v.optional(v.string()),
  config: v.optional(v.object({ mediaType: v.string() })),
  subject: v.optional(v.object({ digest: v.string() })),
  annotations: v.optional(v.record(v.string(), v.string())),
});

/**
 * Answers with the referrers of a digest as the specification requires: an index, filtered by `artifactType`, page by page. The
 * subject itself need not exist.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export function answerReferrers(
  response: ServerResponse,
  store: MemoryStore,
  request: { readonly repository: string; readonly digest: string; readonly url: URL; readonly size: number },
): void {
  const { repository, digest, url, size } = request;
  const filter = url.searchParams.get('artifactType');
  const from = Number(url.searchParams.get('from') ?? 0);
  const all = store
    .listManifests(repository)
    .flatMap((listed) => describe(store.manifest(repository, listed.digest), digest))
    .filter(({ artifactType }) => filter === null || artifactType === filter);
  const next = new URLSearchParams({
    ...(filter !== null && { artifactType: filter }),
    from: `${from + size}`,
  });
  sendJson(
    response,
    200,
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests: all.slice(from, from + size) },
    {
      'content-type': OCI_INDEX,
      ...(filter !== null && { 'oci-filters-applied': 'artifactType' }),
      ...(all.length > from + size && { link: `<${url.pathname}?${next.toString()}>; rel="next"` }),
    },
  );
}

interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** The descriptor of a manifest whose subject is `subject`; nothing for other manifests. */
function describe(manifest: StoredManifest | undefined, subject: string): Described[] {
  if (!manifest) return [];
  const { mediaType, digest, bytes } = manifest;
  const content = v.parse(Manifest, JSON.parse(Buffer.from(bytes).toString()));
  if (content.subject?.digest !== subject) return [];
  const artifactType = content.artifactType || content.config?.mediaType;
  return [{ mediaType, digest, size: bytes.length, artifactType, annotations: content.annotations }];
}
