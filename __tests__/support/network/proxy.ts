import { type IncomingMessage, type ServerResponse, createServer, request as send } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Forwards a request to `upstream` with its own host name, and streams both bodies. */
export async function pipeRequest(
  request: IncomingMessage,
  response: ServerResponse,
  upstream: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const forward = send(
      new URL(pathOf(request.url), upstream),
      { method: request.method ?? 'GET', headers: { ...request.headers, ...headers } },
      resolve,
    );
    forward.on('error', reject);
    pipeline(request, forward).catch(reject);
  });
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  await pipeline(answer, response);
}

/** A request to a proxy names the whole URL. */
function pathOf(url = '/'): string {
  return url.replace(/^https?:\/\/[^/]+/, '');
}

/** A forward proxy: it tunnels with CONNECT, and forwards plain requests that have an absolute URL. */
export interface ForwardProxy {
  /** With its user name and password. */
  readonly url: string;
  readonly host: string;
  /** The `host:port` of each tunnel and request that it forwarded. */
  readonly passed: string[];
  /** The number of tunnels and requests that it refused for lack of the right password. */
  readonly refused: () => number;
  /** The loopback port of names, by `host:port`. Other names lead to their own port. */
  readonly routes: Map<string, number>;
  close(): Promise<void>;
}

/** @param password of the user `user`; without one every client may use it. All names lead to loopback. */
export async function startForwardProxy(password?: string): Promise<ForwardProxy> {
  const passed: string[] = [];
  const routes = new Map<string, number>();
  const tunnels = new Set<Duplex>();
  let refused = 0;
  const expected = `Basic ${Buffer.from(`user:${password ?? ''}`).toString('base64')}`;
  const mayPass = ({ headers }: IncomingMessage): boolean => {
    const may = password === undefined || headers['proxy-authorization'] === expected;
    if (!may) refused += 1;
    return may;
  };
  const portOf = (host: string): number => routes.get(host) ?? Number(/\d+$/.exec(host)?.[0]);
  const proxy = createServer((request, response) => {
    if (!mayPass(request)) {
      // With a page, as proxies have one.
      response.writeHead(407, { 'content-type': 'text/html' }).end('<html>Cache Access Denied</html>');
      return;
    }
    const { host } = new URL(request.url ?? '');
    passed.push(host);
    pipeRequest(request, response, `http://127.0.0.1:${portOf(host)}`).catch(() => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
  });
  proxy.on('connect', (request: IncomingMessage, socket, head: Buffer) => {
    if (!mayPass(request)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const target = request.url ?? '';
    passed.push(target);
    tunnels.add(socket);
    let isOpen = false;
    const upstream = connect(portOf(target), '127.0.0.1', () => {
      isOpen = true;
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => {
      if (isOpen) socket.destroy();
      else socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    socket.on('error', () => upstream.destroy());
    socket.on('close', () => tunnels.delete(socket));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const host = `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  return {
    url: `http://${password === undefined ? '' : `user:${password}@`}${host}`,
    host,
    passed,
    refused: () => refused,
    routes,
    close: async () => {
      proxy.closeAllConnections();
      for (const tunnel of tunnels) tunnel.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
