import { type IncomingMessage, type ServerResponse, request as send } from 'node:http';
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
      new URL(request.url ?? '/', upstream),
      { method: request.method ?? 'GET', headers: { ...request.headers, ...headers } },
      resolve,
    );
    forward.on('error', reject);
    pipeline(request, forward).catch(reject);
  });
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  await pipeline(answer, response);
}
