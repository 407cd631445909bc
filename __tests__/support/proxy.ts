import { type IncomingMessage, type ServerResponse, createServer, request as send } from 'node:http';
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** Passes a request on to `upstream`, bodies streamed both ways, and its own host name kept. */
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

/** A forward proxy: tunnels by CONNECT, and passes on plain requests with an absolute URL. */
export interface ForwardProxy {
  /** With its user name and password. */
  readonly url: string;
  /** The `host:port` of each tunnel and request that it let through. */
  readonly passed: string[];
  close(): Promise<void>;
}

/** @param password of the user `user`; without one everybody may pass. All names lead to loopback. */
export async function startForwardProxy(password?: string): Promise<ForwardProxy> {
  const passed: string[] = [];
  const expected = `Basic ${Buffer.from(`user:${password ?? ''}`).toString('base64')}`;
  const mayPass = ({ headers }: IncomingMessage): boolean =>
    password === undefined || headers['proxy-authorization'] === expected;
  const proxy = createServer((request, response) => {
    if (!mayPass(request)) {
      response.writeHead(407).end();
      return;
    }
    const { host, port } = new URL(request.url ?? '');
    passed.push(host);
    pipeRequest(request, response, `http://127.0.0.1:${port}`).catch(() => response.destroy());
  });
  proxy.on('connect', (request: IncomingMessage, socket, head: Buffer) => {
    if (!mayPass(request)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const target = request.url ?? '';
    passed.push(target);
    const upstream = connect(Number(target.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://${password === undefined ? '' : `user:${password}@`}127.0.0.1:${port}`,
    passed,
    close: async () => {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
