import pLimit, { type LimitFunction } from 'p-limit';
import { type RegistryClient, pull } from '../oci/client.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError, printable } from '../oci/errors.ts';
import type { RegistryResponse } from '../oci/http/message.ts';
import { type Descriptor, type ManifestContent, isForeignLayer, readManifest } from '../oci/manifest.ts';

/** A tag of the target, whose parts are checked. */
export interface TargetTag {
  readonly image: string;
  readonly tag: string;
  /** What the target has under the tag. */
  readonly digest: Digest;
}

/** What a check of a tag's parts found. */
export type ContentFinding =
  /** The target has all blobs and children. */
  | { readonly kind: 'whole' }
  /** The target has the manifest but not all of its parts: the image can't be pulled. */
  | { readonly kind: 'hollow'; readonly missing: readonly Digest[] }
  /** The target did not answer. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** Not checked, as the run ended or the target's pull limit is nearly reached. */
  | { readonly kind: 'unchecked' };

export interface ContentOptions {
  readonly target: RegistryClient;
  /** The target's repository of an image. */
  readonly targetOf: (image: string) => string;
  /** Number of requests that are sent at the same time. */
  readonly concurrency: number;
  /** Aborted when the run ends: nothing is checked any more. */
  readonly signal: AbortSignal;
}

/** Pulls that the check leaves to the users of a target that limits them. */
const RESERVED_PULLS = 10;

/**
 * Checks that the target has all blobs and children of each tag, each once. A registry may accept a manifest without its
 * parts, and its garbage collection may delete them.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 *
 * @returns the findings in the order of `tags`
 */
export async function checkContent(
  tags: readonly TargetTag[],
  options: ContentOptions,
): Promise<ContentFinding[]> {
  const checker = new ContentChecker(options);
  // More than requests at a time: most tags wait for parts that others check.
  const limit = pLimit(options.concurrency * 2);
  return limit.map(tags, async ({ image, digest }) => checker.check(options.targetOf(image), digest));
}

/** Thrown where the check may not send further requests. */
class Unchecked extends Error {}

class ContentChecker {
  readonly #options: ContentOptions;
  readonly #limit: LimitFunction;
  /** The missing parts of manifests, and whether blobs are present, by repository and digest. */
  readonly #missing = new Map<string, Promise<readonly Digest[]>>();
  readonly #blobs = new Map<string, Promise<boolean>>();

  constructor(options: ContentOptions) {
    this.#options = options;
    this.#limit = pLimit(options.concurrency);
  }

  async check(repository: string, digest: Digest): Promise<ContentFinding> {
    const { signal } = this.#options;
    try {
      const missing = await this.#missingParts(repository, digest);
      return missing.length === 0 ? { kind: 'whole' } : { kind: 'hollow', missing };
    } catch (error) {
      if (error instanceof Unchecked || signal.aborted) return { kind: 'unchecked' };
      if (!(error instanceof RegistryError)) throw error;
      return { kind: 'unknown', reason: printable(error.message, 2000) };
    }
  }

  /** The digests that the target does not have of the manifest `digest`, its own among them. */
  async #missingParts(repository: string, digest: Digest): Promise<readonly Digest[]> {
    return once(this.#missing, `${repository}@${digest}`, async () => {
      const content = await this.#request(async () => this.#readContent(repository, digest));
      if (content === undefined) return [digest];
      if (content === 'opaque' || content.kind === 'schema1') return [];
      const parts =
        content.kind === 'index'
          ? content.children.map(async (child) => this.#missingInChild(repository, child))
          : [content.config, ...content.layers].map(async (part) => this.#missingBlob(repository, part));
      return Array.from(new Set((await Promise.all(parts)).flat()));
    });
  }

  async #readContent(repository: string, digest: Digest): Promise<ManifestContent | 'opaque' | undefined> {
    const manifest = await this.#options.target.getManifest(repository, digest);
    if (!manifest) return undefined;
    try {
      return readManifest(manifest);
    } catch {
      // The parts of a manifest of an unknown kind are unknown.
      return 'opaque';
    }
  }

  /** Entries of an index are manifests, or, in a build cache of BuildKit, blobs. */
  async #missingInChild(repository: string, child: Descriptor): Promise<readonly Digest[]> {
    const missing = await this.#missingParts(repository, child.digest);
    return missing.includes(child.digest) ? this.#missingBlob(repository, child) : missing;
  }

  async #missingBlob(repository: string, part: Descriptor): Promise<readonly Digest[]> {
    const { digest } = part;
    if (isForeignLayer(part)) return [];
    const isPresent = await once(this.#blobs, `${repository}@${digest}`, async () =>
      this.#request(async () => hasBlob(this.#options.target, repository, digest)),
    );
    return isPresent ? [] : [digest];
  }

  async #request<T>(send: () => Promise<T>): Promise<T> {
    return this.#limit(async () => {
      const { signal, target } = this.#options;
      const isLimited = target.pullLimit !== undefined && target.pullLimit.remaining <= RESERVED_PULLS;
      if (signal.aborted || isLimited) throw new Unchecked();
      return send();
    });
  }
}

/** The value of `key`, computed once. */
async function once<T>(values: Map<string, Promise<T>>, key: string, compute: () => Promise<T>): Promise<T> {
  const value = values.get(key) ?? compute();
  values.set(key, value);
  return value;
}

/**
 * Like the client's own `hasBlob`, for accounts that may only read. Some registries answer HEAD with 404 for what GET
 * returns, so a blob counts as missing only when a GET of its first byte finds none either.
 */
async function hasBlob(target: RegistryClient, repository: string, digest: Digest): Promise<boolean> {
  const url = `/v2/${repository}/blobs/${digest}`;
  const scopes = [pull(repository)];
  const read = async ({ body, status }: RegistryResponse): Promise<boolean> => {
    await body.dump();
    return status !== 404;
  };
  const { transport } = target;
  if (await transport.send({ method: 'HEAD', url, scopes, expect: [200, 404] }, read)) return true;
  const headers = { range: 'bytes=0-0' };
  // An empty blob has no first byte: 416.
  return transport.send({ method: 'GET', url, headers, scopes, expect: [200, 206, 404, 416] }, read);
}
