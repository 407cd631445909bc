import * as v from 'valibot';
import { type Digest, isDigest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { type RegistryResponse, headerOf, readBody } from './http/message.ts';
import type { RegistryTransport } from './http/transport.ts';
import { type ManifestHead, headOf, manifestOf, reportedDigestOf } from './manifest-response.ts';
import { type RawManifest, FIRST_ISSUE } from './manifest.ts';
import { MANIFEST_ACCEPT, isSchema1Type } from './media-types.ts';
import { type ListPage, type ReadPage, getPage, readPages } from './pages.ts';
import { type PullLimit, pullLimitOf } from './pull-limit.ts';

/** The specification asks registries to accept manifests of 4 MiB. Some accept larger ones. */
const MAX_MANIFEST_BYTES = 8 * 1024 ** 2;

/** How often a tag is read whose manifest does not have the digest that the registry reports. */
const MAX_READS = 3;

const TagList = v.object({ tags: v.optional(v.nullable(v.array(v.string()))) });

/**
 * One registry's API as the distribution specification defines it. Repositories and references must have passed the checks
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

  /** The digest of a manifest by tag or digest; undefined when the registry does not have it. */
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
        if (response.status === 404) return undefined;
        this.#noteLimit(response);
        return headOf(response);
      },
    );
    return head === 'incomplete' ? this.#headByGet(repository, reference) : head;
  }

  /**
   * Like `headManifest`, for a manifest that is likely to be missing: Artifactory answers its HEAD with 403. Then it is
   * requested with GET.
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
   * A manifest and the digest of its bytes; undefined when the registry does not have it. If the registry reports another
   * digest for a tag than its bytes have, the manifest is requested by the digest of the bytes. A registry that merely
   * reports a wrong digest has it under that digest; a manifest that was corrupted on the way is not found.
   *
   * @throws RegistryError when the bytes never have the digest that the registry reports
   */
  async getManifest(repository: string, reference: string): Promise<RawManifest | undefined> {
    for (let reads = 1; ; reads += 1) {
      const found = await this.#readManifest(repository, reference);
      if (!found) return undefined;
      const { manifest, reportedDigest } = found;
      const isAmbiguous =
        reportedDigest !== undefined &&
        reportedDigest !== manifest.digest &&
        !isSchema1Type(manifest.mediaType);
      if (!isAmbiguous || (await this.#readManifest(repository, manifest.digest))) return manifest;
      if (reads < MAX_READS) continue;
      const cause = `the digest of the manifest is ${manifest.digest}, but the registry reports ${reportedDigest}`;
      const url = this.#transport.urlOf(manifestUrlPath(repository, reference));
      throw new RegistryError({ method: 'GET', url, cause });
    }
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

/** Some registries link an empty page to itself: an empty page is the last one. */
const readTagList: ReadPage<string> = ({ json, next }) => {
  const list = v.safeParse(TagList, json, FIRST_ISSUE);
  if (!list.success) return undefined;
  const items = list.output.tags ?? [];
  return { items, next: items.length === 0 ? undefined : next };
};

async function discard({ body }: RegistryResponse): Promise<undefined> {
  await body.dump();
}
