import { DigestNames } from './digest-names.ts';
import { type Digest, isDigest, matchesDigest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { type RegistryResponse, headerOf, readBody } from './http/message.ts';
import type { RegistryTransport } from './http/transport.ts';
import { type ManifestHead, headOf, manifestOf, reportedDigestOf } from './manifest-response.ts';
import type { RawManifest } from './manifest.ts';
import { MANIFEST_ACCEPT, isSchema1Type } from './media-types.ts';
import { type ListPage, getPage, readPages } from './pages.ts';
import { type PullLimit, pullLimitOf } from './pull-limit.ts';
import { readTagList } from './tag-list.ts';

/** The specification asks registries to accept manifests of 4 MiB. Some accept larger ones. */
const MAX_MANIFEST_BYTES = 8 * 1024 ** 2;

/** How often a tag is read whose manifest does not have the digest that the registry reports. */
const MAX_READS = 3;

/** Refusals of a HEAD that say nothing about the manifest. */
const HEAD_REFUSALS = new Set([400, 403, 405, 406, 501]);

/**
 * One registry's API as the distribution specification defines it. Repositories and references must have passed the checks
 * of `names.ts`. Every method throws RegistryError when the registry refuses.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export class RegistryClient {
  /** Canonical host: `gcr.io`, `docker.io`. */
  readonly registry: string;
  readonly #transport: RegistryTransport;
  /** Repositories whose manifests HEAD does not find although GET does. */
  readonly #withoutHead = new Set<string>();
  readonly #names = new DigestNames();
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

  /** One page of a list: its parsed JSON, and the URL of the next page. `url` may be a path or a page's URL. */
  async getList(url: string | URL, scopes: readonly string[]): Promise<ListPage> {
    return getPage(this.#transport, url, scopes);
  }

  /**
   * All tags of a repository, from all pages, without their digests.
   *
   * @param first the first page, if the caller has it already
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

  /**
   * The digest of a manifest by tag or digest; undefined when the registry does not have it. Some registries refuse HEAD, or
   * answer it with 404, where GET works (Nexus, GitHub Enterprise): only GET decides. After that their repository gets no HEAD.
   */
  async headManifest(repository: string, reference: string): Promise<ManifestHead | undefined> {
    if (this.#withoutHead.has(repository)) return this.#headByGet(repository, reference);
    const head = await this.#head(repository, reference);
    if (typeof head === 'object') return head;
    const found = await this.#headByGet(repository, reference);
    if (found && head !== 'incomplete') this.#withoutHead.add(repository);
    return found;
  }

  /**
   * Like `headManifest`, for a manifest that is likely to be missing: a 404 is not checked with GET. Artifactory answers the
   * HEAD of a missing manifest with 403.
   */
  async findManifest(repository: string, reference: string): Promise<ManifestHead | undefined> {
    if (this.#withoutHead.has(repository)) return this.#headByGet(repository, reference);
    const head = await this.#head(repository, reference);
    if (typeof head === 'object') return head;
    return head === 'missing' ? undefined : this.#headByGet(repository, reference);
  }

  async #head(
    repository: string,
    reference: string,
  ): Promise<ManifestHead | 'incomplete' | 'refused' | 'missing'> {
    const url = manifestUrlPath(repository, reference);
    const scopes = [pull(repository)];
    try {
      return await this.#transport.send(
        { method: 'HEAD', url, headers: { accept: MANIFEST_ACCEPT }, scopes, expect: [200, 404] },
        async (response) => {
          await response.body.dump();
          if (response.status === 404) return 'missing';
          this.#noteLimit(response);
          const head = headOf(response);
          if (head !== 'incomplete') this.#noteTag(repository, reference, head.digest);
          return head;
        },
      );
    } catch (error) {
      if (error instanceof RegistryError && HEAD_REFUSALS.has(error.status ?? 0) && !error.retryable)
        return 'refused';
      throw error;
    }
  }

  async #headByGet(repository: string, reference: string): Promise<ManifestHead | undefined> {
    const manifest = await this.getManifest(repository, reference);
    return (
      manifest && { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.bytes.length }
    );
  }

  /**
   * A manifest and the digest of its bytes; undefined when the registry does not have it. If the registry reports another
   * digest for a tag than its bytes have, the manifest is requested by the digest of the bytes. A registry that merely
   * reports a wrong digest has it under that digest; a manifest that was corrupted on the way is not found.
   *
   * @throws RegistryError when the bytes never have the digest that the registry reports
   */
  async getManifest(repository: string, reference: string): Promise<RawManifest | undefined> {
    if (isDigest(reference)) return this.#getByDigest(repository, reference);
    for (let reads = 1; ; reads += 1) {
      const found = await this.#readManifest(repository, reference);
      if (!found) return undefined;
      const { manifest, reportedDigest } = found;
      const isAmbiguous =
        reportedDigest !== undefined &&
        reportedDigest !== manifest.digest &&
        !isSchema1Type(manifest.mediaType);
      if (!isAmbiguous || (await this.#readManifest(repository, manifest.digest))) {
        this.#noteTag(repository, reference, manifest.digest);
        return manifest;
      }
      if (reads < MAX_READS) continue;
      const cause = `the digest of the manifest is ${manifest.digest}, but the registry reports ${reportedDigest}`;
      const url = this.#transport.urlOf(manifestUrlPath(repository, reference));
      throw new RegistryError({ method: 'GET', url, cause });
    }
  }

  /** Some registries give a manifest by its tag and not by its digest: then the tag is read, and verified by the digest. */
  async #getByDigest(repository: string, digest: Digest): Promise<RawManifest | undefined> {
    const found = await this.#readManifest(repository, digest);
    const tag = found ? undefined : this.#names.tagOf(repository, digest);
    if (tag === undefined) return found?.manifest;
    const tagged = await this.#readManifest(repository, tag);
    if (!tagged || !matchesDigest(tagged.manifest.bytes, digest)) return undefined;
    return { ...tagged.manifest, digest };
  }

  #noteTag(repository: string, reference: string, digest: Digest): void {
    if (!isDigest(reference)) this.#names.note(repository, digest, reference);
  }

  /** A manifest, and the digest that the registry reports for a tag. */
  async #readManifest(
    repository: string,
    reference: string,
  ): Promise<{ manifest: RawManifest; reportedDigest: string | undefined } | undefined> {
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
        const manifest = manifestOf(reference, await readBody(response, MAX_MANIFEST_BYTES), response);
        return { manifest, reportedDigest: isDigest(reference) ? undefined : reportedDigestOf(response) };
      },
    );
  }

  /** True when the registry reports that `repository` has the blob. */
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
   * Pushes `manifest` under a tag or its digest, byte for byte and with its own media type.
   *
   * @returns true when the registry acknowledges the manifest's `subject`: it lists the manifest as a referrer
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

  #noteLimit(response: RegistryResponse): void {
    this.#pullLimit = pullLimitOf(response) ?? this.#pullLimit;
  }
}

/** The scope of a token that may read `repository`. */
export function pull(repository: string): string {
  return `repository:${repository}:pull`;
}

/** The scope of a token that may read and write `repository`. */
export function push(repository: string): string {
  return `repository:${repository}:pull,push`;
}

/** Where a repository's tags are listed; without a name, where registries like Google's list their root. */
export function tagsUrlPath(repository: string): string {
  return repository === '' ? '/v2/tags/list' : `/v2/${repository}/tags/list`;
}

export function manifestUrlPath(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`;
}

async function discard({ body }: RegistryResponse): Promise<undefined> {
  await body.dump();
}
