import { type Dispatcher, Agent, EnvHttpProxyAgent, Pool } from 'undici';
import { forwarding } from './forwarding.ts';
import { explainProxy, unreachable } from './proxy-error.ts';
import type { BodyDispatcher } from './sender.ts';
import { failingWhenStalled } from './stalled-upload.ts';

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

/**
 * How many times the timeout a target may take nothing of an upload. Registries that pass uploads on to object storage stop reading
 * while that is slow.
 */
const STALLED_TIMEOUTS = 10;

/**
 * A request may ask for a longer wait for its response than `timeout`, never for a shorter one. An upload that makes no progress fails
 * after ten times `timeout` all the same.
 */
function patient(timeout: number): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (request, handler) => {
    const { headersTimeout, body } = request;
    if (headersTimeout === undefined || headersTimeout === null) return dispatch(request, handler);
    const longest = Math.max(timeout, headersTimeout);
    const waiting = { ...request, headersTimeout: longest };
    if (!isGenerated(body)) return dispatch(waiting, handler);
    const upload = failingWhenStalled({ body, handler }, Math.min(longest, STALLED_TIMEOUTS * timeout));
    const inner: BodyDispatcher = { dispatch };
    return inner.dispatch({ ...waiting, body: upload.body }, upload.handler);
  };
}

/** True for an iterable that undici reads chunk by chunk, and that is not a stream. */
function isGenerated(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body && !('pipe' in body);
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
    ...forwarding(handler),
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
  };
}
