import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  request as send,
} from 'node:http';
import { readAll } from '../http.ts';

/** The operation that a request is part of. */
export type Ask =
  | 'list'
  | 'manifest'
  | 'head'
  | 'blob'
  /** Opens an upload, or mounts. */
  | 'start'
  /** Sends a blob. */
  | 'upload'
  /** Stores a manifest. */
  | 'put'
  | 'other';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export function askOf({ method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>): Ask {
  if (/\/blobs\/uploads\//.test(url)) return method === 'POST' ? 'start' : 'upload';
  if (method === 'GET' && /\/_catalog|\/tags\/list|\/referrers\//.test(url)) return 'list';
  if (method === 'GET' && url.includes('/blobs/')) return 'blob';
  if (!url.includes('/manifests/')) return 'other';
  return method === 'GET' ? 'manifest' : method === 'HEAD' ? 'head' : method === 'PUT' ? 'put' : 'other';
}

/** One request to a registry behind a proxy, and the ways to answer it. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ask: Ask;
  readonly #upstream: string;

  constructor(request: IncomingMessage, response: ServerResponse, upstream: string) {
    this.request = request;
    this.response = response;
    this.ask = askOf(request);
    this.#upstream = upstream;
  }

  /** Forwards the whole request, and returns the whole response of the registry. */
  async forward(
    change: {
      readonly path?: (path: string) => string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly without?: string;
      readonly body?: (body: Buffer) => Buffer;
    } = {},
  ): Promise<Answer> {
    const { path = (same) => same, body: change_ = (same) => same } = change;
    const { method = 'GET', url = '/', headers: sent } = this.request;
    const body = change_(await readAll(this.request));
    const headers = { ...sent, ...change.headers };
    if (change.without !== undefined) delete headers[change.without];
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const forward = send(new URL(path(url), this.#upstream), { method, headers }, resolve);
      forward.on('error', reject);
      forward.end(body);
    });
    return { status: answer.statusCode ?? 502, headers: answer.headers, body: await readAll(answer) };
  }

  /** Answers, as the registry did but for `change`. */
  answer({ status, headers, body }: Answer, change: IncomingHttpHeaders = {}): void {
    this.response.writeHead(status, { ...headers, ...change });
    this.response.end(body);
  }

  /** Answers by itself. */
  refuse(status: number, body: string, headers: Readonly<Record<string, string>> = {}): void {
    // What is still to come of the request is not waited for.
    this.request.resume();
    this.response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers });
    this.response.end(this.request.method === 'HEAD' ? undefined : body);
  }

  /** Cuts the connection with a reset. */
  reset(): void {
    this.request.socket.resetAndDestroy();
  }

  /** When the client has given up, or the connection is gone. */
  async closed(): Promise<void> {
    const { socket } = this.request;
    if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
  }
}
