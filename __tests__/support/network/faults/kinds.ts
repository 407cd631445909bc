import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { digest } from '../../fixtures/digests.ts';
import type { Answer, Ask, Exchange } from './exchange.ts';

/** One way in which a request goes wrong. */
export interface Fault {
  /** The requests that it can happen to. */
  readonly to: readonly Ask[];
  /** If set, further limits those requests. */
  readonly only?: (request: IncomingMessage) => boolean;
  readonly happen: (exchange: Exchange, proxy: Elsewhere) => Promise<void> | void;
}

/** What a fault needs besides the request. */
export interface Elsewhere {
  /** An address at which nothing listens. */
  readonly closedPort: string;
  /** Refuses connections for `ms` milliseconds, and closes idle ones. */
  readonly goAway: (ms: number) => void;
}

const ALL: readonly Ask[] = ['list', 'manifest', 'head', 'blob', 'start', 'upload', 'put'];
/** Requests whose response body matters. */
const READS: readonly Ask[] = ['list', 'manifest', 'blob'];

/** Longer than the first wait of a client before a retry: some retries meet a closed port. */
const AWAY_MS = 700;
/** The path of the proxy's own web page. */
export const SIGN_IN = '/sign-in';
export const PAGE = '<html><body>Please sign in to the network</body></html>';
export const HTML = { 'content-type': 'text/html' };

/** Ends the response early. */
function half({ response }: Exchange, { status, headers, body }: Answer): Promise<void> {
  response.writeHead(status, headers);
  return new Promise((resolve) => response.write(body.subarray(0, body.length / 2), () => resolve()));
}

/** Overwrites bytes in the middle, so that JSON becomes malformed. */
function corrupt(body: Buffer): Buffer {
  const middle = Math.floor(body.length / 2);
  return Buffer.from(body).fill(0, middle, middle + 4);
}

const refuse =
  (status: number, body = '', headers?: Readonly<Record<string, string>>) =>
  (exchange: Exchange): void =>
    exchange.refuse(status, body, headers);

const JSON_ERROR = JSON.stringify({ errors: [{ code: 'UNAVAILABLE', message: 'service unavailable' }] });

export const FAULTS = {
  'connection refused': {
    to: ALL,
    happen: (exchange, { goAway }) => {
      goAway(AWAY_MS);
      exchange.reset();
    },
  },
  reset: { to: ALL, happen: (exchange) => exchange.reset() },
  'reset while sending': {
    to: ['upload'],
    happen: async (exchange) => {
      // A request may have no body.
      await new Promise((resolve) => exchange.request.once('data', resolve).once('end', resolve));
      exchange.reset();
    },
  },
  'lost answer': {
    to: ['start', 'upload', 'put'],
    happen: async (exchange) => {
      await exchange.forward();
      exchange.reset();
    },
  },
  'no answer': { to: ALL, happen: async (exchange) => exchange.closed() },
  'stalled body': {
    to: READS,
    happen: async (exchange) => {
      await half(exchange, await exchange.forward());
      await exchange.closed();
    },
  },
  'broken body': {
    to: READS,
    happen: async (exchange) => {
      await half(exchange, await exchange.forward());
      exchange.reset();
    },
  },
  'short body': {
    to: READS,
    happen: async (exchange) => {
      const answer = await exchange.forward();
      const body = answer.body.subarray(0, answer.body.length / 2);
      exchange.answer({ ...answer, body }, { 'content-length': String(body.length) });
    },
  },
  'body without a length that ends early': {
    to: READS,
    happen: async (exchange) => {
      const { status, headers, body } = await exchange.forward();
      const { 'content-length': _, ...rest } = headers;
      await half(exchange, { status, headers: { ...rest, connection: 'close' }, body });
      exchange.request.socket.end();
    },
  },
  'corrupt body': {
    to: READS,
    happen: async (exchange) => {
      const answer = await exchange.forward();
      exchange.answer({ ...answer, body: corrupt(answer.body) });
    },
  },
  'corrupt upload': {
    to: ['upload', 'put'],
    happen: async (exchange) => exchange.answer(await exchange.forward({ body: corrupt })),
  },
  'wrong digest': {
    to: ['manifest', 'head', 'put'],
    happen: async (exchange) =>
      exchange.answer(await exchange.forward(), { 'docker-content-digest': digest(1) }),
  },
  'length too large': {
    to: READS,
    happen: async (exchange) => {
      const answer = await exchange.forward();
      exchange.answer(answer, { 'content-length': String(answer.body.length + 10), connection: 'close' });
      exchange.response.once('finish', () => exchange.request.socket.end());
    },
  },
  'length too small': {
    to: READS,
    happen: async (exchange) => {
      const answer = await exchange.forward();
      exchange.answer(answer, { 'content-length': String(answer.body.length - 10) });
    },
  },
  '401': { to: ALL, happen: refuse(401, 'who are you?') },
  '401 with a challenge': {
    to: ALL,
    happen: refuse(401, '', { 'www-authenticate': 'Basic realm="elsewhere"' }),
  },
  '401 that names another token service': {
    to: ALL,
    happen: (exchange, { closedPort }) =>
      exchange.refuse(401, '', {
        'www-authenticate': `Bearer realm="${closedPort}/token",service="elsewhere"`,
      }),
  },
  '408': { to: ALL, happen: refuse(408) },
  '429': { to: ALL, happen: refuse(429, 'slow down') },
  '429 for seconds': { to: ALL, happen: refuse(429, '', { 'retry-after': '1' }) },
  '429 until a time': {
    to: ALL,
    happen: (exchange) => {
      const time = new Date(Date.now() + 1000).toUTCString();
      exchange.refuse(429, '', { 'retry-after': time });
    },
  },
  '500': { to: ALL, happen: refuse(500, 'panic: runtime error') },
  '502': { to: ALL, happen: refuse(502, '<html>Bad Gateway</html>', HTML) },
  '503': { to: ALL, happen: refuse(503, JSON_ERROR, { 'content-type': 'application/json' }) },
  '504': { to: ALL, happen: refuse(504) },
  'a web page': { to: ALL, happen: refuse(200, PAGE, HTML) },
  'slow drip': {
    to: READS,
    happen: async (exchange) => {
      const { status, headers, body } = await exchange.forward();
      exchange.response.writeHead(status, headers);
      const part = Math.ceil(body.length / 5);
      for (let start = 0; start < body.length; start += part) {
        exchange.response.write(body.subarray(start, start + part));
        await delay(100);
      }
      exchange.response.end();
    },
  },
  'redirect to a closed port': {
    to: ALL,
    happen: (exchange, { closedPort }) => exchange.refuse(307, '', { location: `${closedPort}/elsewhere` }),
  },
  'redirect to a web page': {
    to: ALL,
    happen: (exchange) => exchange.refuse(302, '', { location: SIGN_IN }),
  },
  'whole blob instead of its rest': {
    to: ['blob'],
    only: ({ headers }) => headers.range !== undefined,
    happen: async (exchange) => exchange.answer(await exchange.forward({ without: 'range' })),
  },
  'lost session': {
    to: ['upload'],
    happen: async (exchange) => {
      const path = (own: string): string =>
        own.replace(/[0-9a-f-]{36}/, '00000000-0000-4000-8000-000000000000');
      exchange.answer(await exchange.forward({ path }));
    },
  },
  'session at a closed port': {
    to: ['start'],
    happen: async (exchange, { closedPort }) => {
      const answer = await exchange.forward();
      exchange.answer(answer, { location: `${closedPort}/v2/uploads/1` });
    },
  },
} satisfies Readonly<Record<string, Fault>>;

export type FaultKind = keyof typeof FAULTS;

/** True when `kind` can happen to this request. */
export function fits(kind: FaultKind, { ask, request }: Exchange): boolean {
  const { to, only }: Fault = FAULTS[kind];
  return to.includes(ask) && only?.(request) !== false;
}

/** All faults that can happen to one of `asks`. */
export function faultsOf(...asks: readonly Ask[]): FaultKind[] {
  return Object.keys(FAULTS)
    .filter(isKind)
    .filter((kind) => {
      const { to }: Fault = FAULTS[kind];
      return asks.some((ask) => to.includes(ask));
    });
}

function isKind(name: string): name is FaultKind {
  return name in FAULTS;
}
