import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';

export interface DispatcherOptions {
  /** For connecting, and for an answer or a body in which nothing moves; milliseconds. */
  readonly timeout: number;
  /** Connections to one host at a time. */
  readonly connections: number;
  readonly proxy: { readonly http?: string; readonly https?: string; readonly none?: string };
}

/**
 * Keep-alive connections to all hosts, through a proxy where one is named. HTTP/2 stays off: one connection's
 * flow control is slower for layers than several connections of HTTP/1.1.
 */
export function createDispatcher({ timeout, connections, proxy }: DispatcherOptions): Dispatcher {
  const options: Agent.Options = {
    allowH2: false,
    connections,
    connect: { timeout },
    headersTimeout: timeout,
    bodyTimeout: timeout,
    keepAliveTimeout: 30_000,
  };
  if (proxy.http === undefined && proxy.https === undefined) return new Agent(options);
  return new EnvHttpProxyAgent({
    ...options,
    // To a proxy that is not tunnelled through, undici makes connections with none of these options.
    factory: (origin, own: Pool.Options) => new Pool(origin, { ...options, ...own }),
    httpProxy: proxy.http ?? '',
    httpsProxy: proxy.https ?? '',
    noProxy: proxy.none ?? '',
  });
}
