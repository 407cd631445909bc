import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from '../network/http.ts';
import type { GitHubStandIn } from './stand-in.ts';

/** One request to the stand-in. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Does what is asked for, and keeps the answer to itself. */
  readonly perform: () => Promise<number>;
}

/** Answers a request in GitHub's place (true), or does something before GitHub answers (false). */
export type Fault = (exchange: Exchange) => boolean | Promise<boolean>;

/** Faults of the requests of one method whose path ends so: one after the other, then GitHub answers again. */
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

/** Every request meets `fault` from now on. */
export function failing(github: GitHubStandIn, fault: Fault): void {
  github.intercept = async (request, response, _, perform) => fault({ request, response, perform });
}

/** The answer of an error as GitHub words it. */
export function says(status: number, message: string, headers: Record<string, string> = {}): Fault {
  return ({ response }) => {
    sendJson(response, status, { message, documentation_url: 'https://docs.github.com/rest' }, headers);
    return true;
  };
}

/** A web page, of a proxy or of an outage. */
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

/** Success, with nothing in it. */
export const isEmpty: Fault = ({ response }) => {
  response.writeHead(200, { 'content-type': 'application/vnd.github.raw+json; charset=utf-8' });
  response.end();
  return true;
};

/** Success whose body ends before its length. */
export function breaksAfter(start: string): Fault {
  return ({ request, response }) => {
    response.writeHead(200, { 'content-length': start.length + 1000 });
    response.write(start, () => request.socket.destroy());
    return true;
  };
}

/** The request is done, and then its answer is lost by `fault`. */
export function isDone(fault: Fault): Fault {
  return async (exchange) => {
    await exchange.perform();
    return fault(exchange);
  };
}

/** `work` is done just before GitHub answers. */
export function before(work: () => unknown): Fault {
  return async () => {
    await work();
    return false;
  };
}

/** A secondary limit that GitHub lifts after `seconds`; it does not say when where there are none. */
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
