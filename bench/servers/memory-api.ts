import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SeenRequest } from '../measure/traffic.ts';
import { Content } from './memory-blobs.ts';

const PATH = /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)(?:\/([^/]*))?$/;

/** The distribution specification, as far as tools that copy images use it, with as little work as possible. */
export class MemoryApi {
  content = new Content();
  /** Requests since the last count. */
  seen: SeenRequest[] = [];
  /** The body of `tags/list` by repository. Others list the tags that they hold. */
  lists: ReadonlyMap<string, string> = new Map();
  /** Uploads that have started. */
  readonly #uploads = new Map<string, Buffer[]>();

  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    const start = Date.now();
    const { method = '', url = '' } = request;
    const [path = '', query = ''] = url.split('?');
    let received = 0;
    request.on('data', (chunk: Buffer) => (received += chunk.length));
    response.on('close', () => {
      const sent = method === 'HEAD' ? 0 : Number(response.getHeader('content-length') ?? 0);
      this.seen.push({ method, path, start, end: Date.now(), received, sent });
    });
    this.#route(request, response, path, query).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  };

  async #route(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: string,
  ): Promise<void> {
    const [, repository = '', kind = '', name = '', id] = PATH.exec(path) ?? [];
    if (path === '/v2/') return reply(response, 200, {}, '{}');
    if (path.endsWith('/tags/list'))
      return this.#list(response, path.slice('/v2/'.length, -'/tags/list'.length));
    if (kind === 'blobs' && name === 'uploads')
      return this.#upload(request, response, repository, id ?? '', new URLSearchParams(query));
    const decoded = decodeURIComponent(name);
    if (kind === 'blobs') return this.#blob(request, response, repository, decoded);
    if (kind === 'manifests' && request.method === 'PUT')
      return this.#putManifest(request, response, repository, decoded);
    if (kind === 'manifests') return this.#manifest(request, response, repository, decoded);
    return refuse(response, 404, 'UNSUPPORTED');
  }

  #list(response: ServerResponse, repository: string): void {
    const tags = this.content.tags(repository);
    const body = this.lists.get(repository) ?? (tags && JSON.stringify({ name: repository, tags }));
    if (body === undefined) return refuse(response, 404, 'NAME_UNKNOWN');
    return reply(response, 200, { 'content-type': 'application/json' }, body);
  }

  #manifest(request: IncomingMessage, response: ServerResponse, repository: string, reference: string): void {
    const found = this.content.manifest(repository, reference);
    if (!found) return refuse(response, 404, 'MANIFEST_UNKNOWN');
    const headers = { 'content-type': found.mediaType, 'docker-content-digest': found.digest };
    return reply(response, 200, headers, found.bytes, request.method === 'HEAD');
  }

  async #putManifest(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    reference: string,
  ): Promise<void> {
    const bytes = Buffer.concat(await piecesOf(request));
    const type = request.headers['content-type'] ?? '';
    const digest = this.content.putManifest(repository, reference, type, bytes);
    const location = `/v2/${repository}/manifests/${digest}`;
    return reply(response, 201, { location, 'docker-content-digest': digest });
  }

  async #upload(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    id: string,
    query: URLSearchParams,
  ): Promise<void> {
    const digest = query.get('digest');
    const created = (of: string): void =>
      reply(response, 201, { location: `/v2/${repository}/blobs/${of}`, 'docker-content-digest': of });
    const mount = query.get('mount');
    if (
      request.method === 'POST' &&
      mount !== null &&
      this.content.mount(repository, mount, query.get('from') ?? '')
    )
      return created(mount);
    const upload = request.method === 'POST' ? randomUUID() : id;
    const pieces = request.method === 'POST' ? [] : this.#uploads.get(upload);
    if (!pieces) return refuse(response, 404, 'BLOB_UPLOAD_UNKNOWN');
    for (const piece of await piecesOf(request)) pieces.push(piece);
    if (digest !== null) {
      this.#uploads.delete(upload);
      this.content.putBlob(repository, digest, pieces);
      return created(digest);
    }
    this.#uploads.set(upload, pieces);
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    return reply(response, 202, {
      location: `/v2/${repository}/blobs/uploads/${upload}`,
      'docker-upload-uuid': upload,
      range: `0-${Math.max(0, size - 1)}`,
    });
  }

  #blob(request: IncomingMessage, response: ServerResponse, repository: string, digest: string): void {
    const pieces = this.content.blob(repository, digest);
    if (!pieces) return refuse(response, 404, 'BLOB_UNKNOWN');
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const whole = pieces.length === 1 ? (pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(pieces);
    const headers = {
      'content-type': 'application/octet-stream',
      'docker-content-digest': digest,
      ...(from > 0 && { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` }),
    };
    const isHead = request.method === 'HEAD';
    return reply(response, from > 0 ? 206 : 200, headers, whole.subarray(from), isHead);
  }
}

async function piecesOf(request: IncomingMessage): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  await new Promise<void>((resolve, reject) => {
    request.on('end', resolve);
    request.on('error', reject);
  });
  return pieces;
}

function reply(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer = '',
  isHead = false,
): void {
  response.setHeader('content-length', Buffer.byteLength(body));
  response.writeHead(status, headers);
  response.end(isHead ? undefined : body);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const body = JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll('_', ' ') }] });
  reply(response, status, { 'content-type': 'application/json' }, body);
}
