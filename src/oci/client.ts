import * as v from 'valibot';
import { type Digest, digestOf, isDigest, matchesDigest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { type RegistryResponse, headerOf, readBody } from './http/message.ts';
import type { RegistryTransport } from './http/transport.ts';
import { type RawManifest, FIRST_ISSUE, mediaTypeOf } from './manifest.ts';
import { MANIFEST_ACCEPT, isSchema1Type } from './media-types.ts';
import { type ListPage, type ReadPage, getPage, readPages } from './pages.ts';

/** What a HEAD of a manifest tells. */
export interface ManifestHead {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Of the manifest itself, in bytes. */
  readonly size: number;
}

/** What a registry says of its pull limit; undefined while it has not said anything. */
export interface PullLimit {
  readonly remaining: number;
  /** The time over which pulls are counted, in milliseconds. */
  readonly window?: number;
}

/** The spec asks registries to take manifests of 4 MiB; this reads some more. */
const MAX_MANIFEST_BYTES = 8 * 1024 ** 2;

/** How often a tag is read whose manifest is not what the registry says. */
const READS = 3;

const TagList = v.object({ tags: v.optional(v.nullable(v.array(v.string()))) });

/**
 * One registry's API, as the distribution spec has it. Repositories and references must have passed the checks
 * of `names.ts`. Every method throws RegistryError when the registry refuses.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export class RegistryClient {
  /** Canonical host: `gcr.io`, `docker.io`. */
  readonly registry: string;
  readonly #transport: RegistryTransport;
  #pullLimit: PullLimit | undefined;

  constructor(registry: string, transport: RegistryTransport) {
    this.registry = registry;
    this.#transport = transport;
  }

  get transport(): RegistryTransport {
    return this.#transport;
  }

  get pullLimit(): PullLimit | undefined {
    return this.#pullLimit;
  }

  /** The parsed JSON of a list, and the page after it. `url` may be a path or a page's URL. */
  async getList(url: string | URL, scopes: readonly string[]): Promise<ListPage> {
    return getPage(this.#transport, url, scopes);
  }

  /**
   * All tags of a repository, page by page, without their digests.
   *
   * @param first the first page, when the caller has it already
   */
  async listTags(repository: string, first?: ListPage): Promise<string[]> {
    const scopes = [pull(repository)];
    return readPages(this.#transport, tagsUrlPath(repository), {
      of: 'tags',
      scopes,
      read: readTagList,
      first,
    });
  }

  /** The digest behind a tag or digest; undefined when the registry has no such manifest. */
  async headManifest(repository: string, reference: string): Promise<ManifestHead | undefined> {
    const head = await this.#transport.send(
      {
        method: 'HEAD',
        url: manifestUrlPath(repository, reference),
        headers: { accept: MANIFEST_ACCEPT },
        scopes: [pull(repository)],
        expect: [200, 404],
      },
      async (response) => {
        await response.body.dump();
        return response.status === 404 ? undefined : this.#readHead(response);
      },
    );
    return head === 'incomplete' ? this.#headByGet(repository, reference) : head;
  }

  /**
   * Like `headManifest`, of what may well not be there: a registry that forbids a HEAD is asked by GET. Artifactory
   * answers HEAD with 403 for what is missing.
   */
  async findManifest(repository: string, reference: string): Promise<ManifestHead | undefined> {
    try {
      return await this.headManifest(repository, reference);
    } catch (error) {
      if (!(error instanceof RegistryError) || error.status !== 403) throw error;
      return this.#headByGet(repository, reference);
    }
  }

  async #headByGet(repository: string, reference: string): Promise<ManifestHead | undefined> {
    const manifest = await this.getManifest(repository, reference);
    return (
      manifest && { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.bytes.length }
    );
  }

  /**
   * A manifest and the digest of what really came; undefined when the registry has none such. What came for a tag is
   * asked for once more, by its own digest, where the registry says that it is another one: of registries that say so
   * wrongly it is there, and what was spoilt on its way is not.
   */
  async getManifest(repository: string, reference: string): Promise<RawManifest | undefined> {
    for (let tries = 1; ; tries += 1) {
      const found = await this.#readManifest(repository, reference);
      if (!found) return undefined;
      const { manifest, said } = found;
      const isAmbiguous =
        said !== undefined && said !== manifest.digest && !isSchema1Type(manifest.mediaType);
      if (!isAmbiguous || (await this.#readManifest(repository, manifest.digest))) return manifest;
      if (tries < READS) continue;
      const cause = `the answer's digest is ${manifest.digest}, and the registry says ${said}`;
      const url = this.#transport.urlOf(manifestUrlPath(repository, reference));
      throw new RegistryError({ method: 'GET', url, cause });
    }
  }

  /** A manifest, and the digest that the registry says it has. */
  async #readManifest(
    repository: string,
    reference: string,
  ): Promise<{ manifest: RawManifest; said: string | undefined } | undefined> {
    return this.#transport.send(
      {
        method: 'GET',
        url: manifestUrlPath(repository, reference),
        headers: { accept: MANIFEST_ACCEPT },
        scopes: [pull(repository)],
        expect: [200, 404],
      },
      async (response) => {
        if (response.status === 404) return discard(response);
        this.#noteLimit(response);
        const manifest = checkedManifest(reference, await readBody(response, MAX_MANIFEST_BYTES), response);
        return { manifest, said: isDigest(reference) ? undefined : digestHeader(response) };
      },
    );
  }

  /** True when the registry says that `repository` has the blob. */
  async hasBlob(repository: string, digest: Digest): Promise<boolean> {
    return this.#transport.send(
      {
        method: 'HEAD',
        url: `/v2/${repository}/blobs/${digest}`,
        scopes: [push(repository)],
        expect: [200, 404],
      },
      async (response) => {
        await response.body.dump();
        return response.status === 200;
      },
    );
  }

  /**
   * Stores `manifest` under a tag or its digest, byte for byte and with its own media type.
   *
   * @returns true when the registry says that it has noted to what the manifest refers
   */
  async putManifest(repository: string, reference: string, manifest: RawManifest): Promise<boolean> {
    return this.#transport.send(
      {
        method: 'PUT',
        url: manifestUrlPath(repository, reference),
        headers: { 'content-type': manifest.mediaType },
        body: manifest.bytes,
        scopes: [push(repository)],
        expect: [200, 201, 202],
      },
      async (response) => {
        await response.body.dump();
        return headerOf(response.headers, 'oci-subject') !== undefined;
      },
    );
  }

  #readHead(response: RegistryResponse): ManifestHead | 'incomplete' {
    this.#noteLimit(response);
    const digest = digestHeader(response);
    const mediaType = headerOf(response.headers, 'content-type')?.split(';')[0]?.trim();
    const size = headerOf(response.headers, 'content-length');
    if (
      digest === undefined ||
      !isDigest(digest) ||
      !mediaType?.startsWith('application/vnd.') ||
      size === undefined
    ) {
      return 'incomplete';
    }
    return { digest, mediaType, size: Number(size) };
  }

  /** https://docs.docker.com/docker-hub/usage/pulls/: `ratelimit-remaining: 20;w=21600` */
  #noteLimit({ headers }: RegistryResponse): void {
    const header = headerOf(headers, 'ratelimit-remaining') ?? '';
    const [, remaining, seconds] = /^\s*(\d{1,9})(?:\s*;\s*w=(\d{1,9}))?/.exec(header) ?? [];
    if (remaining === undefined) return;
    const window = seconds === undefined ? {} : { window: Number(seconds) * 1000 };
    this.#pullLimit = { remaining: Number(remaining), ...window };
  }
}

/** The scope that lets a token read `repository`. */
export function pull(repository: string): string {
  return `repository:${repository}:pull`;
}

/** The scope that lets a token read and write `repository`. */
export function push(repository: string): string {
  return `repository:${repository}:pull,push`;
}

/** The list of a repository's tags; with no name, what registries of Google's kind hold at their root. */
export function tagsUrlPath(repository: string): string {
  return repository === '' ? '/v2/tags/list' : `/v2/${repository}/tags/list`;
}

export function manifestUrlPath(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`;
}

/** Some registries link an empty page to itself: it is the last one. */
const readTagList: ReadPage<string> = ({ json, next }) => {
  const list = v.safeParse(TagList, json, FIRST_ISSUE);
  if (!list.success) return undefined;
  const items = list.output.tags ?? [];
  return { items, next: items.length === 0 ? undefined : next };
};

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests */
function digestHeader({ headers }: RegistryResponse): string | undefined {
  return headerOf(headers, 'docker-content-digest');
}

async function discard({ body }: RegistryResponse): Promise<undefined> {
  await body.dump();
}

/** schema1 is exempt from the check: its digest leaves out the signatures that the bytes carry. */
function checkedManifest(reference: string, bytes: Uint8Array, response: RegistryResponse): RawManifest {
  const problem = (cause: string, more: { retryable?: true; ambiguous?: true }): RegistryError =>
    new RegistryError({ method: 'GET', url: response.url, cause, ...more });
  let mediaType: string;
  try {
    mediaType = mediaTypeOf(bytes, headerOf(response.headers, 'content-type') ?? '');
  } catch {
    throw problem('the answer is not a manifest', { ambiguous: true });
  }
  if (isDigest(reference) && !isSchema1Type(mediaType) && !matchesDigest(bytes, reference)) {
    throw problem(`the answer's digest is ${digestOf(bytes)}, not the one asked for`, { retryable: true });
  }
  return { mediaType, digest: isDigest(reference) ? reference : digestOf(bytes), bytes };
}
