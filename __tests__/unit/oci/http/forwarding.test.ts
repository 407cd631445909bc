import { type Dispatcher, Agent } from 'undici';
import { expect, it } from 'vitest';
import { forwarding } from '../../../../src/oci/http/forwarding.ts';
import { readAll, startServer } from '../../../support/network/http.ts';

it('passes on all that happens to a request', async () => {
  const server = await startServer(async (request, response) => {
    response.end(await readAll(request));
  });
  const agent = new Agent();
  const eventsOf = async (wrap: (handler: Dispatcher.DispatchHandler) => Dispatcher.DispatchHandler) =>
    new Promise<string[]>((resolve) => {
      const events: string[] = [];
      const handler = wrap({
        onRequestStart: () => void events.push('start'),
        onBodySent: (chunk) => void events.push(`sent ${String(chunk)}`),
        onRequestSent: () => void events.push('all sent'),
        onResponseStarted: () => void events.push('answered'),
        onResponseStart: (_, status) => void events.push(`status ${status}`),
        onResponseData: (_, chunk) => void events.push(`received ${String(chunk)}`),
        onResponseEnd: () => resolve(events),
        onResponseError: (_, error) => resolve([...events, String(error)]),
      });
      agent.dispatch({ origin: server.url, path: '/', method: 'PUT', body: 'text' }, handler);
    });
  const own = await eventsOf((handler) => handler);
  expect(own).toHaveLength(6);
  expect(await eventsOf(forwarding)).toEqual(own);
  await server.close();
  const failed = await eventsOf(forwarding);
  expect(failed.at(-1)).toMatch(/ECONNREFUSED|closed/);
  await agent.destroy();
});
