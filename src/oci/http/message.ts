import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { RegistryError } from '../errors.ts';
import { decodeBody } from './content-encoding.ts';

/** One request to a registry. */
export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A path at the registry, or a URL that one of its responses named. */
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** An iterable is not told when the request ends before all of it was read: the caller ends it. */
  readonly body?: Dispatcher.DispatchOptions['body'] | AsyncIterable<Uint8Array>;
  /** The scopes that a token must have: `repository:<name>:pull`. */
  readonly scopes: readonly string[];
  /** The statuses that are passed to `read`. Others are thrown as RegistryError; redirects are followed. */
  readonly expect: readonly number[];
  /** False for a body that can't be sent twice. Default: true. */
  readonly repeatable?: boolean;
  /** False if a failure is not worth a retry, because the caller has another way. A rate limit is waited for. Default: true. */
  readonly insist?: boolean;
  /** How long to wait for the response, in milliseconds, if longer than the dispatcher's timeout. */
  readonly responseTimeoutMs?: number;
  /** Aborts this request alone. */
  readonly signal?: AbortSignal;
}

/** The body of a response, which is read once: to its end, or not at all. A reader that stops early closes the connection. */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  /** Discards what was not read. */
  dump(): Promise<unknown>;
  /** The whole body, if all of it has arrived and none was read. It can be read all the same. */
  arrived?(): readonly Uint8Array[] | undefined;
}

/** The response to a request. */
export interface RegistryResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The URL that answered, after redirects. `Link` and `Location` are relative to it. */
  readonly url: URL;
  readonly body: ResponseBody;
}

/** The first value of a header. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * Reads the whole body, without the compression that a gateway may have added.
 *
 * @param limit the largest size in bytes
 * @throws RegistryError when the body is longer than `limit`
 */
export async function readBody(response: RegistryResponse, limit: number): Promise<Uint8Array> {
  const { body, headers } = response;
  const chunks: Uint8Array[] = [];
  let length = 0;
  const add = (chunk: Uint8Array): void => {
    length += chunk.length;
    if (length > limit) throw tooLong(response.url, limit);
    chunks.push(chunk);
  };
  const arrived = body.arrived?.();
  if (arrived) for (const chunk of arrived) add(chunk);
  else for await (const chunk of body) add(chunk);
  const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length);
  const decoded = await decodeBody(bytes, headers, limit);
  if (!decoded) throw tooLong(response.url, limit);
  return decoded;
}

function tooLong(url: URL, limit: number): RegistryError {
  const cause = `the response is longer than ${limit / 1024 ** 2} MiB, and the rest was not read`;
  return new RegistryError({ method: 'GET', url, cause });
}

/** All values of a header that may occur several times, as one list. */
export function listHeaderOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value: string | string[] | undefined = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
