import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
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
  isListed: (digest: string) => boolean,
): void {
  const { repository, digest, url, size } = request;
  const filter = url.searchParams.get('artifactType');
  const from = Number(url.searchParams.get('from') ?? 0);
  const all = store
    .listManifests(repository)
    .filter((listed) => isListed(listed.digest))
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

/** The lists of a registry that loses referrers which it has acknowledged. */
export class LossyLists {
  readonly #loses: 'concurrent' | number | undefined;
  /** The listed referrers, by repository and subject. */
  readonly #lists = new Map<string, ReadonlySet<string>>();
  /** Number of pushes, by repository and referrer. */
  readonly #pushes = new Map<string, number>();

  constructor(loses: 'concurrent' | number | undefined) {
    this.#loses = loses;
  }

  async add(repository: string, subject: string, digest: string): Promise<void> {
    const [list, referrer] = [`${repository}@${subject}`, `${repository}@${digest}`];
    const before = this.#lists.get(list) ?? new Set();
    // Others read the same list meanwhile.
    if (this.#loses === 'concurrent') await setTimeout(20);
    const pushes = (this.#pushes.get(referrer) ?? 0) + 1;
    this.#pushes.set(referrer, pushes);
    if (typeof this.#loses === 'number' && pushes <= this.#loses) return;
    this.#lists.set(list, new Set([...before, digest]));
  }

  has(repository: string, subject: string, digest: string): boolean {
    return this.#loses === undefined || this.#lists.get(`${repository}@${subject}`)?.has(digest) === true;
  }
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
