import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as v from 'valibot';
import { digestOf } from '../../../src/oci/digest.ts';
import { type TestServer, readAll, sendJson, startServer } from '../network/http.ts';
import { googleTags } from './google-tags.ts';
import { type RegistryAuth, TokenAuth } from './memory-auth.ts';
import { LossyLists, answerReferrers } from './memory-referrers.ts';
import { MemoryStore } from './memory-store.ts';

export interface MemoryRegistryOptions {
  readonly auth?: RegistryAuth;
  /** True: `tags/list` answers in Google's form. */
  readonly google?: boolean;
  /** Number of tags per page when the client sends no `n`. */
  readonly pageSize?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The URL of its token service in challenges. */
  readonly realm?: string;
  /** Maximum size of an upload request in bytes; larger ones are refused with 413. */
  readonly maxUpload?: number;
  /** Number of referrers per page of the referrers API; absent: there is no such API. */
  readonly referrers?: number;
  /**
   * How referrers that were acknowledged get lost. `concurrent`: the list is changed without a lock, so that one of two pushes at
   * the same time is lost. A number: that many pushes of each referrer are not listed.
   */
  readonly losesReferrers?: 'concurrent' | number;
  /** False: a mount request always starts an upload. */
  readonly mounts?: boolean;
  /** Status of the answer to a chunk. */
  readonly patchStatus?: number;
  /**
   * Which manifests are refused when a part of them is missing. Default: all. `images` is zot's rule, which looks at the type of the
   * config. The specification allows `nothing`.
   */
  readonly checksParts?: 'all' | 'images' | 'nothing';
  /** Returns an error of the specification for a manifest that is to be refused. */
  readonly refuseManifest?: (put: ManifestPut) => Refusal | undefined;
}

export interface ManifestPut {
  readonly repository: string;
  readonly reference: string;
  readonly bytes: Buffer;
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export interface LoggedRequest {
  readonly method: string;
  /** Includes the query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** An in-process registry on a real socket that follows the distribution specification and logs its requests. */
export interface MemoryRegistry extends TestServer {
  readonly store: MemoryStore;
  readonly requests: LoggedRequest[];
  /** Called before each request; returns true when it has answered the request itself. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
}

export async function startMemoryRegistry(options: MemoryRegistryOptions = {}): Promise<MemoryRegistry> {
  const store = new MemoryStore();
  const requests: LoggedRequest[] = [];
  const api = new RegistryApi(store, options);
  const auth = options.auth && new TokenAuth(options.auth);
  const server = await startServer(async (request, response) => {
    const path = request.url ?? '/';
    const { authorization, range } = request.headers;
    requests.push({ method: request.method ?? '', path, authorization, range });
    if (await registry.intercept?.(request, response)) return;
    if (auth && !auth.admit(request, response, registry.url, options.realm)) return;
    await api.answer(request, response, new URL(path, registry.url));
  }, options.tls);
  const registry: MemoryRegistry = { ...server, store, requests };
  return registry;
}

const Layer = v.object({
  digest: v.string(),
  mediaType: v.string(),
  urls: v.nullish(v.array(v.string())),
});

const References = v.object({
  config: v.optional(v.object({ digest: v.string(), mediaType: v.optional(v.string(), '') })),
  layers: v.optional(v.array(Layer)),
  manifests: v.optional(v.array(v.object({ digest: v.string() }))),
  subject: v.optional(v.object({ digest: v.string() })),
});

const ManifestJson = v.pipe(v.string(), v.parseJson(), References);

class RegistryApi {
  readonly #store: MemoryStore;
  readonly #options: MemoryRegistryOptions;
  readonly #lists: LossyLists;
  /** Uploads that have started, by repository and id. */
  readonly #uploads = new Map<string, Buffer>();

  constructor(store: MemoryStore, options: MemoryRegistryOptions) {
    this.#store = store;
    this.#options = options;
    this.#lists = new LossyLists(options.losesReferrers);
  }

  async answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const path = url.pathname;
    if (path === '/v2/') return sendJson(response, 200, {});
    if (path === '/v2/tags/list') return this.#tags(response, '', url);
    const tags = /^\/v2\/(.+)\/tags\/list$/.exec(path);
    if (tags) return this.#tags(response, tags[1] ?? '', url);
    const manifest = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(path);
    if (manifest)
      return this.#manifest(request, response, manifest[1] ?? '', decodeURIComponent(manifest[2] ?? ''));
    const referrers = /^\/v2\/(.+)\/referrers\/([^/]+)$/.exec(path);
    if (referrers && this.#options.referrers !== undefined && request.method === 'GET') {
      const [, repository = '', digest = ''] = referrers;
      return answerReferrers(
        response,
        this.#store,
        {
          repository,
          digest,
          url,
          size: this.#options.referrers,
        },
        (one) => this.#lists.has(repository, digest, one),
      );
    }
    const upload = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/.exec(path);
    if (upload) return this.#upload(request, response, upload[1] ?? '', upload[2] ?? '', url);
    const blob = /^\/v2\/(.+)\/blobs\/([^/]+)$/.exec(path);
    if (blob) return this.#blob(request, response, blob[1] ?? '', decodeURIComponent(blob[2] ?? ''));
    return refuse(response, 404, 'UNSUPPORTED', 'no such endpoint');
  }

  #tags(response: ServerResponse, repository: string, url: URL): void {
    const names = this.#store.repositoryNames();
    const parent = names.some((name) => name.startsWith(repository === '' ? '' : `${repository}/`));
    if (this.#options.google === true && (this.#store.has(repository) || parent)) {
      return sendJson(response, 200, googleTags(repository, names, this.#store.listManifests(repository)));
    }
    if (!this.#store.has(repository))
      return refuse(response, 404, 'NAME_UNKNOWN', 'repository name not known');
    const size = Number(url.searchParams.get('n') ?? this.#options.pageSize ?? 10_000);
    const last = url.searchParams.get('last') ?? '';
    const rest = this.#store.tags(repository).filter((tag) => tag > last);
    const page = rest.slice(0, size);
    const query = `?n=${size}&last=${encodeURIComponent(page.at(-1) ?? '')}`;
    const link =
      page.length > 0 && rest.length > size ? { link: `<${url.pathname}${query}>; rel="next"` } : undefined;
    return sendJson(response, 200, { name: repository, tags: page }, link);
  }

  async #manifest(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    reference: string,
  ): Promise<void> {
    if (request.method === 'PUT') {
      const bytes = await readAll(request);
      return this.#putManifest(response, repository, reference, request.headers['content-type'] ?? '', bytes);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuseMethod(response);
    const found = this.#store.manifest(repository, reference);
    if (!found) return refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    response.writeHead(200, {
      'content-type': found.mediaType,
      'content-length': found.bytes.length,
      'docker-content-digest': found.digest,
    });
    response.end(request.method === 'HEAD' ? undefined : found.bytes);
  }

  async #putManifest(
    response: ServerResponse,
    repository: string,
    reference: string,
    mediaType: string,
    bytes: Buffer,
  ): Promise<void> {
    const refusal = this.#options.refuseManifest?.({ repository, reference, bytes });
    if (refusal) return refuse(response, refusal.status, refusal.code, refusal.message);
    const parsed = v.safeParse(ManifestJson, bytes.toString());
    if (!parsed.success) return refuse(response, 400, 'MANIFEST_INVALID', 'manifest invalid');
    const { subject } = parsed.output;
    if (this.#isChecked(parsed.output) && !this.#hasParts(repository, parsed.output)) {
      // zot's answer.
      if (this.#options.checksParts === 'images')
        return refuse(response, 400, 'MANIFEST_INVALID', 'manifest invalid');
      return refuse(response, 400, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry');
    }
    if (reference.includes(':') && reference !== digestOf(bytes)) {
      return refuse(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
    }
    const digest = this.#store.putManifest(repository, reference, mediaType, bytes);
    if (subject) await this.#lists.add(repository, subject.digest, digest);
    response.writeHead(201, {
      location: `/v2/${repository}/manifests/${digest}`,
      'docker-content-digest': digest,
      ...(subject && this.#options.referrers !== undefined && { 'oci-subject': subject.digest }),
    });
    response.end();
  }

  /** https://github.com/project-zot/zot/blob/main/pkg/storage/common/common.go: `ValidateManifest` */
  #isChecked({ config }: v.InferOutput<typeof References>): boolean {
    const { checksParts = 'all' } = this.#options;
    if (checksParts !== 'images') return checksParts === 'all';
    return config === undefined || /^application\/vnd\.oci\.(?:image\.config|empty)\./.test(config.mediaType);
  }

  #hasParts(
    repository: string,
    { config, layers = [], manifests = [] }: v.InferOutput<typeof References>,
  ): boolean {
    const isForeign = ({ mediaType, urls }: v.InferOutput<typeof Layer>): boolean =>
      /foreign|nondistributable/.test(mediaType) && (urls?.length ?? 0) > 0;
    const blobs = [...(config ? [config] : []), ...layers.filter((layer) => !isForeign(layer))];
    const hasBlob = (digest: string): boolean => this.#store.blob(repository, digest) !== undefined;
    return (
      blobs.every(({ digest }) => hasBlob(digest)) &&
      // Registries keep manifests as blobs: the entries of an index may be either.
      manifests.every(({ digest }) => this.#store.manifest(repository, digest) ?? hasBlob(digest))
    );
  }

  async #upload(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    id: string,
    url: URL,
  ): Promise<void> {
    const digest = url.searchParams.get('digest');
    if (request.method === 'POST') {
      const mount = url.searchParams.get('mount');
      await readAll(request);
      const mounts = this.#options.mounts !== false;
      if (
        mounts &&
        mount !== null &&
        this.#store.mount(repository, mount, url.searchParams.get('from') ?? '')
      ) {
        response.writeHead(201, { location: `/v2/${repository}/blobs/${mount}` });
        response.end();
        return;
      }
      this.#continue(response, repository, randomUUID(), Buffer.alloc(0));
      return;
    }
    if (request.method !== 'PATCH' && request.method !== 'PUT') return refuseMethod(response);
    const before = this.#uploads.get(`${repository}/${id}`);
    if (!before) return refuse(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
    const body = await readAll(request);
    if (body.length > (this.#options.maxUpload ?? Number.POSITIVE_INFINITY))
      return refuse(response, 413, 'SIZE_INVALID', '');
    const bytes = Buffer.concat([before, body]);
    if (request.method === 'PATCH')
      return this.#continue(response, repository, id, bytes, this.#options.patchStatus);
    this.#uploads.delete(`${repository}/${id}`);
    if (digestOf(bytes) !== digest) return refuse(response, 400, 'DIGEST_INVALID', 'digest did not match');
    this.#store.putBlob(repository, bytes);
    response.writeHead(201, {
      location: `/v2/${repository}/blobs/${digest}`,
      'docker-content-digest': digest,
    });
    response.end();
  }

  #continue(response: ServerResponse, repository: string, id: string, bytes: Buffer, status = 202): void {
    this.#uploads.set(`${repository}/${id}`, bytes);
    response.writeHead(status, {
      location: `/v2/${repository}/blobs/uploads/${id}?_state=a%2Bb`,
      range: `0-${Math.max(0, bytes.length - 1)}`,
    });
    response.end();
  }

  #blob(request: IncomingMessage, response: ServerResponse, repository: string, digest: string): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuseMethod(response);
    const bytes = this.#store.blob(repository, digest);
    if (!bytes) return refuse(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from > 0 && from >= bytes.length)
      return refuse(response, 416, 'RANGE_INVALID', 'range not satisfiable');
    const rest = bytes.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-type': 'application/octet-stream',
      'content-length': rest.length,
      'docker-content-digest': digest,
      ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    response.end(request.method === 'HEAD' ? undefined : rest);
  }
}

function refuseMethod(response: ServerResponse): void {
  refuse(response, 405, 'UNSUPPORTED', 'the operation is unsupported');
}

/** Sends an error in the specification's form. */
export function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, { errors: [{ code, message }] });
}
