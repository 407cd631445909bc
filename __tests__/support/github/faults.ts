import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from '../network/http.ts';
import type { GitHubStandIn } from './stand-in.ts';

/** One request to the stand-in. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Carries out the request without sending the answer. */
  readonly perform: () => Promise<number>;
}

/** Answers a request in place of GitHub (true), or does something before GitHub answers (false). */
export type Fault = (exchange: Exchange) => boolean | Promise<boolean>;

/** Faults for the requests of one method whose path ends with `path`: one after another, then GitHub answers again. */
export interface FaultyPath {
  readonly method: string;
  readonly path: string;
  readonly faults: readonly Fault[];
}

export function injectFaults(github: GitHubStandIn, paths: readonly FaultyPath[]): void {
  const left = paths.map(({ faults, ...rest }) => ({ ...rest, faults: [...faults] }));
  github.intercept = async (request, response, _, perform) => {
    const [path = ''] = (request.url ?? '').split('?');
    const faulty = left.find(
      (one) => one.method === request.method && path.endsWith(one.path) && one.faults.length > 0,
    );
    return (await faulty?.faults.shift()?.({ request, response, perform })) ?? false;
  };
}

/** Applies `fault` to every request from now on. */
export function failing(github: GitHubStandIn, fault: Fault): void {
  github.intercept = async (request, response, _, perform) => fault({ request, response, perform });
}

/** An error in GitHub's form. */
export function says(status: number, message: string, headers: Record<string, string> = {}): Fault {
  return ({ response }) => {
    sendJson(response, status, { message, documentation_url: 'https://docs.github.com/rest' }, headers);
    return true;
  };
}

/** A web page, as proxies and outages send it. */
export function page(status: number): Fault {
  return ({ response }) => {
    response.writeHead(status, { 'content-type': 'text/html' });
    response.end('<!DOCTYPE html>\n<html>\n<title>Unicorn!</title>\n::error::not a command\n</html>');
    return true;
  };
}

export const breaks: Fault = ({ request }) => {
  request.socket.resetAndDestroy();
  return true;
};

/** Never answers. */
export const stalls: Fault = () => true;

/** A success with an empty body. */
export const isEmpty: Fault = ({ response }) => {
  response.writeHead(200, { 'content-type': 'application/vnd.github.raw+json; charset=utf-8' });
  response.end();
  return true;
};

/** A success whose body ends before its length. */
export function breaksAfter(start: string): Fault {
  return ({ request, response }) => {
    response.writeHead(200, { 'content-length': start.length + 1000 });
    response.write(start, () => request.socket.destroy());
    return true;
  };
}

/** Carries out the request, then loses its answer by `fault`. */
export function isDone(fault: Fault): Fault {
  return async (exchange) => {
    await exchange.perform();
    return fault(exchange);
  };
}

/** Does `work` just before GitHub answers. */
export function before(work: () => unknown): Fault {
  return async () => {
    await work();
    return false;
  };
}

/** A secondary limit that ends after `seconds`. Without them, GitHub does not say when. */
export function isLimited(status: 403 | 429, seconds?: number): Fault {
  const message = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
  return says(status, message, seconds === undefined ? {} : { 'retry-after': String(seconds) });
}

/** The hour's requests are used up, for `seconds` more. */
export function isUsedUp(seconds: number): Fault {
  return (exchange) => {
    const reset = String(Math.ceil(Date.now() / 1000) + seconds);
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
    return says(403, 'API rate limit exceeded for installation ID 1.', headers)(exchange);
  };
}
