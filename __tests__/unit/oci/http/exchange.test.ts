import { type Server, createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import * as fc from 'fast-check';
import { type Dispatcher, Agent } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { Exchange } from '../../../../src/oci/http/exchange.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';

const LARGE = Buffer.alloc(8 * 1024 ** 2, 'layer');
const DIGEST = `sha256:${'a'.repeat(64)}`;

const open: { close: () => unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** A server that counts its connections, and sends `LARGE` for `/large`, and its first bytes for `/bytes/N`. */
async function startCounting(): Promise<{ host: string; connections: () => number; server: Server }> {
  let connections = 0;
  const server = createServer((request, response) => {
    if (request.url === '/never') return;
    const length = Number(/^\/bytes\/(\d+)$/.exec(request.url ?? '')?.[1] ?? LARGE.length);
    const body =
      request.url === '/' || request.method === 'HEAD' ? Buffer.from('small') : LARGE.subarray(0, length);
    response.writeHead(200, { 'content-length': body.length, 'docker-content-digest': DIGEST });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => server.closeAllConnections() }, server);
  return { host: `127.0.0.1:${portOf(server)}`, connections: () => connections, server };
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function dispatch(host: string, path: string, signal?: AbortSignal): Exchange {
  const agent = new Agent({ connections: 1 });
  open.push({ close: async () => agent.destroy() });
  const exchange = new Exchange(signal);
  agent.dispatch({ origin: `http://${host}`, path, method: 'GET' }, exchange);
  return exchange;
}

describe('Exchange', () => {
  it('returns status, headers and body', async () => {
    const { host } = await startCounting();
    const { status, headers, body } = await dispatch(host, '/').response;
    expect([status, headers['content-length']]).toEqual([200, '5']);
    expect(Buffer.concat(await Array.fromAsync(body)).toString()).toBe('small');
  });

  it('passes on every byte to a reader that is slower than the connection', async () => {
    const { host } = await startCounting();
    const { body } = await dispatch(host, '/large').response;
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) {
      chunks.push(chunk);
      if (chunks.length % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(Buffer.concat(chunks).equals(LARGE)).toBe(true);
  });

  it.each(Array.from({ length: 12 }, (_, index) => 512 + 32 * index))(
    'ends for a reader that paused it when the rest of its %d KiB had arrived',
    async (kibibytes) => {
      const { host } = await startCounting();
      const { body } = await dispatch(host, `/bytes/${kibibytes * 1024}`).response;
      let received = 0;
      for await (const chunk of body) {
        if (received === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        received += chunk.length;
      }
      expect(received).toBe(kibibytes * 1024);
    },
    2000,
  );

  it('closes the connection of a reader that stops early', async () => {
    const { host, server } = await startCounting();
    const closed = new Promise((resolve) =>
      server.once('connection', (socket) => socket.once('close', resolve)),
    );
    const { body } = await dispatch(host, '/large').response;
    for await (const chunk of body) if (chunk.length > 0) break;
    await closed;
    expect(await Array.fromAsync(body).catch((error: unknown) => String(error))).toContain(
      'not read to its end',
    );
  });

  it('ends a long body that is not wanted', async () => {
    const { host } = await startCounting();
    const { body } = await dispatch(host, '/large').response;
    await body.dump();
    expect(await Array.fromAsync(body).catch((error: unknown) => String(error))).toContain('not wanted');
  });

  it('rejects with the reason of an abort, before and during the response', async () => {
    const { host } = await startCounting();
    const abort = new AbortController();
    const waiting = dispatch(host, '/never', abort.signal).response;
    const { body } = await dispatch(host, '/large', abort.signal).response;
    const reading = Array.fromAsync(body, async () => new Promise((resolve) => setTimeout(resolve, 5)));
    abort.abort(new Error('the run ends'));
    await expect(waiting).rejects.toThrow('the run ends');
    await expect(reading).rejects.toThrow('the run ends');
    expect(() => new Exchange(abort.signal)).toThrow('the run ends');
  });
});

/** Delivers chunks as undici does: at once when it continues after a pause, until it is paused again or the response ends. */
class Connection implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  readonly reason = null;
  readonly rawHeaders = [];
  readonly rawTrailers = [];
  readonly #exchange: Exchange;
  readonly #chunks: Uint8Array[];
  #hasEnded = false;

  constructor(exchange: Exchange, chunks: readonly Uint8Array[]) {
    this.#exchange = exchange;
    this.#chunks = [...chunks];
    exchange.onRequestStart(this);
    exchange.onResponseStart(this, 200, {});
  }

  /** What the socket received by now. @returns false after the end of the response */
  deliver(most: number): boolean {
    for (let count = 0; count < most && !this.paused && !this.#hasEnded; count += 1) {
      const chunk = this.#chunks.shift();
      if (chunk) this.#exchange.onResponseData(this, chunk);
      else this.#hasEnded = true;
    }
    if (this.#hasEnded) this.#exchange.onResponseEnd();
    return !this.#hasEnded;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.deliver(3);
  }

  abort(): void {
    this.aborted = true;
  }
}

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the body of an Exchange', () => {
  it('reaches its reader whole and in order, however fast either side is', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 12 });
    const arriving = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 6 });
    const waiting = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(sizes, arriving, waiting, async (kibibytes, arrivals, pauses) => {
        const chunks = kibibytes.map((size, index) => Buffer.alloc(size * 1024, index));
        const exchange = new Exchange(undefined);
        const connection = new Connection(exchange, chunks);
        const read: Uint8Array[] = [];
        const state = { isRead: false };
        const reading = (async () => {
          for await (const chunk of exchange) {
            read.push(chunk);
            for (let turns = pauses[read.length % pauses.length] ?? 0; turns > 0; turns -= 1) await turn();
          }
          state.isRead = true;
        })();
        for (let round = 0; round < 300 && !state.isRead; round += 1) {
          connection.deliver(arrivals[round % arrivals.length] ?? 1);
          await turn();
        }
        // Nothing more arrives: a reader that still waits would wait for ever.
        expect(state.isRead).toBe(true);
        await reading;
        expect(Buffer.concat(read).equals(Buffer.concat(chunks))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('HEAD requests', () => {
  it('share connections', async () => {
    const { host, connections } = await startCounting();
    const client = testRegistries().source(host);
    for (let request = 0; request < 10; request += 1)
      expect(await client.hasBlob('a', `sha256:${'b'.repeat(64)}`)).toBe(true);
    // A connection is free again one turn of the event loop after its response.
    expect(connections()).toBeLessThanOrEqual(2);
  });

  it('succeed at a server that sends a body all the same', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n';
    const server = createTcpServer((socket) => {
      socket.on('data', () => socket.write(`${head}small`));
      socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(server);
    const client = testRegistries().source(`127.0.0.1:${portOf(server)}`);
    for (let request = 0; request < 5; request += 1)
      expect(await client.hasBlob('a', `sha256:${'b'.repeat(64)}`)).toBe(true);
  });
});
