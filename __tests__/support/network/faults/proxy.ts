import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { freePort } from '../../run/process.ts';
import type { TestServer } from '../http.ts';
import { pipeRequest } from '../proxy.ts';
import type { FaultDealer } from './deck.ts';
import { Exchange } from './exchange.ts';
import { type Fault, type FaultKind, FAULTS, HTML, PAGE, SIGN_IN, fits } from './kinds.ts';

export interface FaultyProxyOptions {
  /** Decides which requests go wrong. */
  readonly dealer: FaultDealer<FaultKind>;
  /** The fault of this request, whatever the dealer says. */
  readonly always?: (request: IncomingMessage) => FaultKind | undefined;
}

/** A proxy in front of a registry that makes requests go wrong. */
export interface FaultyProxy extends TestServer {
  /** What went wrong, in order. */
  readonly happened: { readonly kind: FaultKind; readonly method: string; readonly path: string }[];
  /** Number of requests received. */
  requests: number;
  /** Unintended failures of the proxy. */
  readonly problems: unknown[];
}

/** @param upstream the registry's URL */
export async function startFaultyProxy(
  upstream: string,
  { dealer, always }: FaultyProxyOptions,
): Promise<FaultyProxy> {
  const closedPort = `http://127.0.0.1:${await freePort()}`;
  const port = await freePort();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const exchange = new Exchange(request, response, upstream);
    if (request.url === SIGN_IN) return exchange.refuse(200, PAGE, HTML);
    proxy.requests += 1;
    const kind = always?.(request) ?? dealer.deal((one) => fits(one, exchange));
    if (kind === undefined) return pipeRequest(request, response, upstream);
    proxy.happened.push({ kind, method: request.method ?? '', path: request.url ?? '' });
    const fault: Fault = FAULTS[kind];
    return fault.happen(exchange, { closedPort, goAway });
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // Clients may close their connection.
      if (!request.socket.destroyed) proxy.problems.push(error);
      response.destroy();
    });
  });
  const listen = async (): Promise<unknown> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)));
  let away: NodeJS.Timeout | undefined;
  const goAway = (ms: number): void => {
    if (away) return;
    server.close();
    away = setTimeout(() => {
      away = undefined;
      void listen();
    }, ms);
  };
  await listen();
  const proxy: FaultyProxy = {
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    happened: [],
    requests: 0,
    problems: [],
    close: async () => {
      clearTimeout(away);
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
