import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { RegistryError } from '../errors.ts';

/** One request to a registry. */
export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A path below the registry's base URL, or an URL that the registry answered with. */
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Dispatcher.DispatchOptions['body'];
  /** What a token must allow: `repository:<name>:pull`. */
  readonly scopes: readonly string[];
  /** Statuses that `read` takes; others are thrown as RegistryError. A redirect is followed unless it is one of them. */
  readonly expect: readonly number[];
  /** False for a body that can't be sent again. */
  readonly repeatable?: boolean;
  /** False where a ambiguous refusal is taken at its word, because there is another way. */
  readonly insist?: boolean;
  /** Calls this request off, whatever becomes of the run. */
  readonly signal?: AbortSignal;
}

/** Its answer. */
export interface RegistryResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The URL that answered, after redirects: what `Link` and `Location` are relative to. */
  readonly url: URL;
  readonly body: Dispatcher.ResponseData['body'];
}

/** The first value of a header. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * The whole body.
 *
 * @param limit bytes; a longer body is broken off
 * @throws RegistryError when the body is longer than `limit`
 */
export async function readBody({ body, url }: RegistryResponse, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > limit) {
      const cause = `the answer is longer than ${limit / 1024 ** 2} MiB and was not read on`;
      throw new RegistryError({ method: 'GET', url, cause });
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length);
}

/** All values of a header that may stand on several lines, as one list. */
export function listHeaderOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value: string | string[] | undefined = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
