import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { ResponseBody } from './message.ts';

/** A response stops being read while this many of its bytes wait for the reader. */
const HIGH_WATER_BYTES = 512 * 1024;
/** The rest of an unwanted body is read up to this size, so that its connection can be used again. A longer one is broken off. */
const MAX_DUMP_BYTES = 128 * 1024;

/** The body of an unwanted response was longer than is worth reading. */
class DumpError extends Error {}

/** What is known once the headers of a response have arrived. */
export interface ExchangeResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: ResponseBody;
}

const ENDED = Promise.resolve();

/**
 * One request and its response, as undici's `dispatch` reports them. undici's own `request` makes a stream of each response, which
 * costs more than all the rest of a small request.
 */
export class Exchange implements Dispatcher.DispatchHandler, ResponseBody {
  readonly #response = Promise.withResolvers<ExchangeResponse>();
  #controller: Dispatcher.DispatchController | undefined;
  #signal: AbortSignal | undefined;
  #chunks: Uint8Array[] = [];
  /** Number of bytes in `#chunks`. */
  #waiting = 0;
  #received = 0;
  #state: 'open' | 'ended' | 'failed' = 'open';
  #error: unknown;
  #isDumped = false;
  /** Resumes the reader, which waits for a chunk or the end. */
  #wake: (() => void) | undefined;

  /** Resolves with the headers of the response. Rejects when there is none, or when `signal` is aborted before. */
  get response(): Promise<ExchangeResponse> {
    return this.#response.promise;
  }

  /** @throws the reason of `signal`, if it is aborted already */
  constructor(signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    if (signal) watch(signal, this);
    this.#signal = signal;
  }

  /** Ends the request and closes its connection, whatever its state. */
  abort(reason: unknown): void {
    if (this.#state !== 'open') return;
    this.#fail(reason);
    this.#controller?.abort(asError(reason));
  }

  /** Reads and discards the rest of the body. */
  async dump(): Promise<void> {
    this.#chunks = [];
    this.#waiting = 0;
    if (this.#state !== 'open') return ENDED;
    this.#isDumped = true;
    this.#endLongDump();
    this.#controller?.resume();
    while (this.#isOpen()) await this.#more();
    return undefined;
  }

  /** The whole body, if all of it has arrived and none was read. It can be read all the same. */
  arrived(): readonly Uint8Array[] | undefined {
    return this.#state === 'ended' && this.#waiting === this.#received ? this.#chunks : undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const chunks = this.#chunks;
        this.#chunks = [];
        for (const chunk of chunks) {
          this.#waiting -= chunk.length;
          yield chunk;
        }
        if (this.#chunks.length > 0) continue;
        if (this.#state === 'failed') throw this.#error;
        if (this.#state === 'ended') return;
        // The wait begins first: undici passes on what it has already received before `resume` returns.
        const more = this.#more();
        this.#controller?.resume();
        await more;
      }
    } finally {
      if (this.#isOpen()) this.abort(new DumpError('the response was not read to its end'));
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#state === 'failed') controller.abort(asError(this.#error));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status >= 200) this.#response.resolve({ status, headers, body: this });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#received += chunk.length;
    if (this.#isDumped) {
      this.#endLongDump();
      return;
    }
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting >= HIGH_WATER_BYTES) controller.pause();
    this.#wakeReader();
  }

  onResponseEnd(): void {
    if (this.#state !== 'open') return;
    this.#end('ended');
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    if (this.#state === 'open') this.#fail(error);
  }

  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #endLongDump(): void {
    if (this.#received > MAX_DUMP_BYTES) this.abort(new DumpError('the rest of the response is not wanted'));
  }

  #fail(error: unknown): void {
    this.#error = error;
    this.#end('failed');
    this.#response.reject(error);
  }

  #end(state: 'ended' | 'failed'): void {
    this.#state = state;
    if (this.#signal) unwatch(this.#signal, this);
    this.#wakeReader();
  }

  async #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** The exchanges that a signal ends, and its one listener: a listener for each request costs more than the rest of the signal. */
interface Watch {
  readonly exchanges: Set<Exchange>;
  readonly listener: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

function watch(signal: AbortSignal, exchange: Exchange): void {
  let watched = watches.get(signal);
  if (!watched) {
    const exchanges = new Set<Exchange>();
    const listener = (): void => {
      for (const one of Array.from(exchanges)) one.abort(signal.reason);
    };
    watches.set(signal, (watched = { exchanges, listener }));
  }
  if (watched.exchanges.size === 0) signal.addEventListener('abort', watched.listener, { once: true });
  watched.exchanges.add(exchange);
}

/** Node keeps a combined signal in memory as long as it has a listener. */
function unwatch(signal: AbortSignal, exchange: Exchange): void {
  const watched = watches.get(signal);
  if (!watched?.exchanges.delete(exchange) || watched.exchanges.size > 0) return;
  signal.removeEventListener('abort', watched.listener);
}
