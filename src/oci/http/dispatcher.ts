import { type Dispatcher, Agent, EnvHttpProxyAgent, Pool } from 'undici';
import { explainProxy, unreachable } from './proxy-error.ts';

export interface DispatcherOptions {
  /** The longest time to connect, to wait for a response, and without progress in a body; milliseconds. */
  readonly timeout: number;
  /** The number of connections to one host. */
  readonly connections: number;
  readonly proxy: { readonly http?: string; readonly https?: string; readonly none?: string };
}

/**
 * Keep-alive connections to all hosts, through a proxy if one is configured. HTTP/2 stays off: the flow control of one
 * connection makes layers slower than several connections of HTTP/1.1.
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
  const direct = new Agent(options).compose(patient(timeout));
  if (proxy.http === undefined && proxy.https === undefined) return direct;
  const proxies = { 'http:': URL.parse(proxy.http ?? ''), 'https:': URL.parse(proxy.https ?? '') };
  const hosts = new Set(Object.values(proxies).map((url) => url?.host));
  const agent = new EnvHttpProxyAgent({
    ...options,
    // undici connects to a proxy without these options.
    clientFactory: (origin, own: Pool.Options) =>
      new Pool(origin, { headersTimeout: timeout, ...toProxy(origin.host, own) }),
    factory: (origin, own: Pool.Options) => {
      const { host } = new URL(origin);
      return new Pool(origin, { ...options, ...(hosts.has(host) ? toProxy(host, own) : own) });
    },
    httpProxy: proxy.http ?? '',
    httpsProxy: proxy.https ?? '',
    noProxy: proxy.none ?? '',
  });
  return agent.compose(patient(timeout)).compose((dispatch) => (request, handler) => {
    const protocol = new URL(String(request.origin)).protocol === 'https:' ? 'https:' : 'http:';
    // Without HTTPS_PROXY undici uses HTTP_PROXY for https too, which curl, Go and the toolkit do not.
    if (proxies[protocol] === null) return direct.dispatch(request, handler);
    return dispatch(request, explaining(proxies[protocol], handler));
  });
}

/** A request may ask for a longer wait for its response than `timeout`, never for a shorter one. */
function patient(timeout: number): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (request, handler) => {
    const { headersTimeout } = request;
    if (headersTimeout === undefined || headersTimeout === null) return dispatch(request, handler);
    return dispatch({ ...request, headersTimeout: Math.max(timeout, headersTimeout) }, handler);
  };
}

/** Options of a pool of connections to the proxy at `host`: its failures name the proxy. */
function toProxy(host: string, own: Pool.Options): Pool.Options {
  const { connect } = own;
  if (typeof connect !== 'function') return own;
  return {
    ...own,
    connect: (target, callback) =>
      connect(target, (error, socket) => {
        if (error) callback(unreachable(host, error), null);
        else callback(null, socket);
      }),
  };
}

/** Passes everything on, and explains a proxy's refusal, once: undici continues with the body of a 407. */
function explaining(proxy: URL, handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  let ended = false;
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (controller, status, headers, socket) =>
      handler.onRequestUpgrade?.(controller, status, headers, socket),
    onResponseStart: (controller, status, headers, text) =>
      handler.onResponseStart?.(controller, status, headers, text),
    onResponseData: (controller, chunk) => {
      if (!ended) handler.onResponseData?.(controller, chunk);
    },
    onResponseEnd: (controller, trailers) => {
      if (!ended) handler.onResponseEnd?.(controller, trailers);
    },
    onResponseError: (controller, error) => {
      if (!ended) handler.onResponseError?.(controller, explainProxy(proxy, error));
      ended = true;
    },
    onResponseStarted: () => handler.onResponseStarted?.(),
    onBodySent: (chunk) => handler.onBodySent?.(chunk),
    onRequestSent: () => handler.onRequestSent?.(),
  };
}
