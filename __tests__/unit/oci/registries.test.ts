import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CredentialLookup } from '../../../src/oci/auth/credentials.ts';
import { createDispatcher } from '../../../src/oci/http/dispatcher.ts';
import { Registries } from '../../../src/oci/registries.ts';
import { testRegistries } from '../../support/fixtures/clients.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { type TestServer, sendJson, startServer } from '../../support/network/http.ts';

let server: TestServer;
let received: (string | undefined)[];
beforeEach(async () => {
  received = [];
  server = await startServer(async (request, response) => {
    received.push(request.headers.authorization);
    if (request.headers.authorization === undefined && request.url?.startsWith('/v2/') === true)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else sendJson(response, 200, { name: 'a', tags: ['v1'] });
  });
});
afterEach(async () => {
  await server.close();
});

const accountOf =
  (username: string): CredentialLookup =>
  async () =>
    Promise.resolve({ username, password: 'pw', providedBy: 'the test' });

const basic = (username: string): string => `Basic ${Buffer.from(`${username}:pw`).toString('base64')}`;

describe('Registries', () => {
  it('has one client for each registry and role', () => {
    const registries = testRegistries();
    expect(registries.source('a.io')).toBe(registries.source('a.io'));
    expect(registries.source('a.io')).not.toBe(registries.target('a.io'));
    expect(registries.source('a.io')).not.toBe(registries.source('b.io'));
  });

  it('sends each role its own account, and other APIs none', async () => {
    const registries = new Registries({
      dispatcher: createDispatcher({ timeout: 5000, connections: 5, proxy: {} }),
      concurrency: 5,
      retries: 0,
      insecure: new Set(),
      credentials: { source: accountOf('reader'), target: accountOf('writer') },
      sleep: async () => {},
      clock: Date.now,
      random: () => 0.5,
      mask: () => {},
      logger: silentLogger,
    });
    const { host } = new URL(server.url);
    await registries.source(host).getList('/v2/a/tags/list', []);
    await registries.target(host).getList('/v2/a/tags/list', []);
    await registries
      .api(new URL(server.url))
      .send({ method: 'GET', url: '/api', scopes: [], expect: [200] }, async ({ body }) => body.dump());
    expect(received).toEqual([undefined, basic('reader'), undefined, basic('writer'), undefined]);
  });

  it('sends registries that are exceptions another number of requests at a time', async () => {
    let [running, peak] = [0, 0];
    const counting = await startServer(async (_, response) => {
      peak = Math.max(peak, (running += 1));
      await setTimeout(20);
      running -= 1;
      sendJson(response, 200, { name: 'a', tags: ['v1'] });
    });
    try {
      const peakOf = async (registries: ReadonlySet<string>): Promise<number> => {
        peak = 0;
        const client = testRegistries({ concurrency: 2, exceptions: { registries, concurrency: 3 } }).source(
          counting.host,
        );
        await Promise.all(Array.from({ length: 9 }, async () => client.getList('/v2/a/tags/list', [])));
        return peak;
      };
      expect([await peakOf(new Set([counting.host])), await peakOf(new Set(['other.example']))]).toEqual([
        3, 2,
      ]);
    } finally {
      await counting.close();
    }
  });
});
