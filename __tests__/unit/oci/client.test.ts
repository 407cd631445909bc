import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { type Credential, dockerConfigCredentials } from '../../../src/oci/credentials.ts';
import { HostGate } from '../../../src/oci/host-gate.ts';
import { testRegistries } from '../../support/clients.ts';
import { type TestServer, sendJson, startServer } from '../../support/http.ts';
import { makeImage, pushImage } from '../../support/images.ts';
import {
  type MemoryRegistry,
  type MemoryRegistryOptions,
  startMemoryRegistry,
} from '../../support/memory-registry.ts';

const LOGIN: Credential = {
  username: 'u',
  password: 'secret-pa55',
  origin: 'the inputs username and password',
};
const IMAGE = makeImage({ seed: 'client' });
const servers: TestServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function registry(options: MemoryRegistryOptions = {}): Promise<MemoryRegistry> {
  const server = await startMemoryRegistry(options);
  servers.push(server);
  for (const tag of ['v1', 'v2', 'v3']) {
    for (const [, bytes] of IMAGE.blobs) server.store.putBlob('ns/a', bytes);
    server.store.putManifest('ns/a', tag, IMAGE.mediaType, IMAGE.bytes);
  }
  return server;
}

function client({ host }: TestServer, credential?: Credential, retries = 3): RegistryClient {
  return testRegistries({ retries, credentials: async () => credential }).source(host);
}

describe('authentication', () => {
  it.each(['basic', 'token'] as const)('answers a %s challenge, and asks once for all', async (kind) => {
    const server = await registry({ auth: { kind, username: 'u', password: LOGIN.password } });
    const mine = client(server, LOGIN);
    expect((await mine.headManifest('ns/a', 'v1'))?.digest).toBe(IMAGE.digest);
    await Promise.all(['v1', 'v2', 'v3'].map(async (tag) => mine.headManifest('ns/a', tag)));
    expect(server.requests.filter(({ authorization }) => authorization === undefined)).toHaveLength(1);
    expect(server.requests.filter(({ path }) => path.startsWith('/token')).length).toBe(
      kind === 'token' ? 1 : 0,
    );
  });

  it('asks /v2/ for the challenge that a 401 lacks', async () => {
    const server = await registry({ auth: { kind: 'token', shy: true } });
    expect((await client(server).headManifest('ns/a', 'v1'))?.digest).toBe(IMAGE.digest);
  });

  it('renews a token before it ends', async () => {
    const server = await registry({ auth: { kind: 'token', expiresIn: 6 } });
    const mine = client(server);
    await mine.headManifest('ns/a', 'v1');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await mine.headManifest('ns/a', 'v1');
    expect(server.requests.filter(({ path }) => path.startsWith('/token'))).toHaveLength(2);
  });

  it.each(['basic', 'token'] as const)(
    'says which credentials a %s registry refused, and not their value',
    async (kind) => {
      const server = await registry({ auth: { kind, username: 'u', password: 'another' } });
      const refusal = client(server, LOGIN).headManifest('ns/a', 'v1');
      await expect(refusal).rejects.toThrow(/refused the credentials from the inputs username and password/);
      await expect(refusal).rejects.not.toThrow(/secret-pa55/);
    },
  );

  it('says that there are none', async () => {
    const server = await registry({ auth: { kind: 'basic', username: 'u', password: 'p' } });
    await expect(client(server).headManifest('ns/a', 'v1')).rejects.toThrow(
      /No credentials are known for 127/,
    );
  });

  it('gives nothing to a token service that does not belong to the registry', async () => {
    const server = await startServer(async (_, response) => {
      response
        .writeHead(401, { 'www-authenticate': 'Bearer realm="http://10.255.255.1/token",service="x"' })
        .end();
    });
    servers.push(server);
    await expect(client(server, LOGIN).getManifest('ns/a', 'v1')).rejects.toThrow(
      /does not belong to it; nothing was sent/,
    );
  });
});

describe('requests', () => {
  it('are tried again after 5xx, a reset and a short body', async () => {
    const server = await registry();
    let faults = 0;
    server.intercept = (_, response) => {
      faults += 1;
      if (faults === 1) response.writeHead(503).end('busy');
      else if (faults === 2) response.destroy();
      else if (faults === 3)
        response.writeHead(200, { 'content-length': 5000 }).write('{', () => response.destroy());
      return faults <= 3;
    };
    expect((await client(server).getManifest('ns/a', 'v1'))?.digest).toBe(IMAGE.digest);
    expect(faults).toBe(4);
  });

  it('are not tried again when that can not help, nor for ever', async () => {
    const server = await registry();
    let asked = 0;
    let status = 403;
    server.intercept = (_, response) => {
      asked += 1;
      response.writeHead(status).end('<html>');
      return true;
    };
    await expect(client(server).headManifest('ns/a', 'v1')).rejects.toThrow(/status 403/);
    expect(asked).toBe(1);
    status = 500;
    await expect(client(server).getManifest('ns/a', 'v1')).rejects.toThrow(
      /status 500, the answer is an HTML page/,
    );
    expect(asked).toBe(5);
  });

  it('lose their credentials when they are sent elsewhere', async () => {
    const server = await registry({ auth: { kind: 'basic', username: 'u', password: LOGIN.password } });
    const seen: (string | undefined)[] = [];
    const elsewhere = await startServer(async (request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(200, { 'content-type': IMAGE.mediaType }).end(IMAGE.bytes);
    });
    servers.push(elsewhere);
    server.intercept = ({ headers }, response) => {
      if (headers.authorization === undefined) return false;
      response.writeHead(307, { location: `${elsewhere.url}/signed?secret=1` }).end();
      return true;
    };
    expect((await client(server, LOGIN).getManifest('ns/a', 'v1'))?.digest).toBe(IMAGE.digest);
    expect(seen).toEqual([undefined]);
  });

  it('do not follow to a place where nothing is to be had, nor round in circles', async () => {
    const server = await registry();
    let location = 'file:///etc/passwd';
    server.intercept = (_, response) => {
      response.writeHead(302, { location }).end();
      return true;
    };
    await expect(client(server).getManifest('ns/a', 'v1')).rejects.toThrow(/which is refused: not followed/);
    location = '/v2/ns/a/manifests/v1';
    await expect(client(server).getManifest('ns/a', 'v1')).rejects.toThrow(/more than 5 redirects/);
  });

  it('show no query of a signed URL in an error', async () => {
    const server = await registry();
    server.intercept = ({ url = '' }, response) => {
      if (url.includes('signed')) response.writeHead(404).end();
      else response.writeHead(307, { location: '/signed?X-Amz-Signature=geheim' }).end();
      return true;
    };
    const failure = client(server).getList('/v2/ns/a/tags/list', []);
    await expect(failure).rejects.toThrow(/\/signed: status 404/);
    await expect(failure).rejects.not.toThrow(/geheim/);
  });
});

describe('manifests', () => {
  it('are fetched when a HEAD lacks the digest', async () => {
    const server = await registry();
    server.intercept = ({ method }, response) => {
      if (method !== 'HEAD') return false;
      response.writeHead(200, { 'content-type': IMAGE.mediaType }).end();
      return true;
    };
    expect(await client(server).headManifest('ns/a', 'v1')).toEqual({
      digest: IMAGE.digest,
      mediaType: IMAGE.mediaType,
      size: IMAGE.bytes.length,
    });
  });

  it('are refused when they are not what was asked for', async () => {
    const server = await registry();
    server.intercept = (_, response) => {
      response.writeHead(200, { 'content-type': IMAGE.mediaType }).end('{"other": 1}');
      return true;
    };
    await expect(client(server).getManifest('ns/a', IMAGE.digest)).rejects.toThrow(
      /digest is sha256:.*not the one asked for/,
    );
    await expect(client(server).getManifest('ns/a', 'v1')).resolves.toMatchObject({
      mediaType: IMAGE.mediaType,
    });
  });

  it('that are not there are undefined, and the pull limit is read', async () => {
    const server = await registry();
    const mine = client(server);
    expect(await mine.getManifest('ns/a', 'v9')).toBeUndefined();
    expect(await mine.headManifest('ns/a', 'v9')).toBeUndefined();
    expect(mine.pullLimit).toBeUndefined();
    server.intercept = (_, response) => {
      response.setHeader('ratelimit-remaining', '17;w=21600');
      return false;
    };
    await mine.headManifest('ns/a', 'v1');
    expect(mine.pullLimit).toEqual({ remaining: 17, window: 21_600_000 });
  });

  it('are pushed with their own type', async () => {
    const server = await registry();
    await pushImage(server.url, 'ns/b', ['x'], IMAGE);
    const manifest = await client(server).getManifest('ns/b', 'x');
    if (!manifest) throw new Error('not there');
    await client(server).putManifest('ns/b', 'y', manifest);
    expect(server.store.manifest('ns/b', 'y')).toEqual(server.store.manifest('ns/b', 'x'));
  });
});

describe('lists', () => {
  it('follow Link from page to page', async () => {
    const server = await registry({ pageSize: 2 });
    expect(await client(server).listTags('ns/a')).toEqual(['v1', 'v2', 'v3']);
    expect(server.requests).toHaveLength(2);
  });

  it('read headers that stand on several lines', async () => {
    const server = await registry({ pageSize: 2, auth: { kind: 'token' } });
    server.intercept = ({ url = '', headers }, response) => {
      const { authorization } = headers;
      if (authorization === undefined && url.startsWith('/v2/')) {
        const bearer = `Bearer realm="${server.url}/token",service="test"`;
        response.writeHead(401, { 'www-authenticate': ['Negotiate', bearer] }).end();
        return true;
      }
      if (!url.endsWith('/tags/list')) return false;
      const link = ['</help>; rel="help"', '</v2/ns/a/tags/list?n=2&last=v2>; rel="next"'];
      response.writeHead(200, { link }).end('{"tags":["v1","v2"]}');
      return true;
    };
    expect(await client(server).listTags('ns/a')).toEqual(['v1', 'v2', 'v3']);
  });

  it('say what is no list', async () => {
    const server = await startServer(async (_, response) => sendJson(response, 200, { tags: 'v1' }));
    servers.push(server);
    await expect(client(server).listTags('ns/a')).rejects.toThrow(/the answer is not a list of tags/);
  });
});

describe('HostGate', () => {
  it('lets so many pass at a time, and none while it is closed', async () => {
    let now = 0;
    const slept: number[] = [];
    const gate = new HostGate(
      2,
      async (ms) => {
        slept.push(ms);
        now += ms;
      },
      () => now,
    );
    let [active, most] = [0, 0];
    const pass = async (): Promise<void> =>
      gate.pass(async () => {
        most = Math.max(most, (active += 1));
        await new Promise((resolve) => setTimeout(resolve, 2));
        active -= 1;
      });
    await Promise.all(Array.from({ length: 6 }, pass));
    expect(most).toBe(2);
    gate.close(5000);
    gate.close(1000);
    await pass();
    expect(slept).toEqual([5000]);
  });

  it('is closed for all requests by one 429', async () => {
    const server = await registry();
    let limited = 0;
    server.intercept = (_, response) => {
      limited += 1;
      if (limited === 1) response.writeHead(429, { 'retry-after': '1' }).end('slow down');
      return limited === 1;
    };
    expect((await client(server).headManifest('ns/a', 'v1'))?.digest).toBe(IMAGE.digest);
    server.intercept = (_, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    server.requests.length = 0;
    await expect(client(server).headManifest('ns/a', 'v1')).rejects.toThrow(/status 429/);
    expect(server.requests).toHaveLength(1);
  });
});

describe('the docker config', () => {
  async function lookup(config: unknown, registry: string): Promise<Credential | undefined> {
    const folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
    if (config !== undefined)
      await writeFile(
        join(folder, 'config.json'),
        typeof config === 'string' ? config : JSON.stringify(config),
      );
    const asked = async (helper: string, server: string): Promise<{ exitCode: number; stdout: string }> => {
      if (helper === 'none') return { exitCode: 1, stdout: 'credentials not found in native keychain' };
      if (helper === 'broken') return { exitCode: 2, stdout: 'secret-pa55' };
      const user = helper === 'token' ? '<token>' : `${helper} for ${server}`;
      return { exitCode: 0, stdout: JSON.stringify({ Username: user, Secret: 's' }) };
    };
    try {
      return await dockerConfigCredentials(folder, asked)(registry);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  const auth = Buffer.from('user:pa:ss').toString('base64');

  it.each([
    ['a host', { auths: { 'gcr.io': { auth } } }, 'gcr.io', { username: 'user', password: 'pa:ss' }],
    ['an URL', { auths: { 'https://gcr.io/v1/': { auth } } }, 'gcr.io', { username: 'user' }],
    ['Docker Hub', { auths: { 'https://index.docker.io/v1/': { auth } } }, 'docker.io', { username: 'user' }],
    [
      'user name and password',
      { auths: { 'a.io': { username: 'x', password: 'y' } } },
      'a.io',
      { username: 'x', password: 'y' },
    ],
    [
      'an identity token',
      { auths: { 'a.io': { auth, identitytoken: 'refresh' } } },
      'a.io',
      { identityToken: 'refresh', password: '' },
    ],
    [
      'its own helper first',
      { auths: { 'a.io': { auth } }, credHelpers: { 'a.io': 'gcr' } },
      'a.io',
      { username: 'gcr for a.io' },
    ],
    [
      'the helper of all',
      { auths: { 'a.io': {} }, credsStore: 'store' },
      'a.io',
      { username: 'store for a.io' },
    ],
    [
      'the helper of all, for Docker Hub',
      { credsStore: 'store' },
      'docker.io',
      { username: 'store for https://index.docker.io/v1/' },
    ],
    ["a helper's token", { credsStore: 'token' }, 'a.io', { identityToken: 's', password: '' }],
  ])('gives the credential of %s', async (_, config, registry, expected) => {
    expect(await lookup(config, registry)).toMatchObject(expected);
  });

  it.each([
    ['another host', { auths: { 'gcr.io': { auth } } }, 'eu.gcr.io'],
    ['a host that only starts alike', { auths: { 'gcr.io': { auth } } }, 'gcr.io.evil.com'],
    ['a helper that has none', { credsStore: 'none' }, 'a.io'],
    ['no file', undefined, 'a.io'],
  ])('gives none for %s', async (_, config, registry) => {
    expect(await lookup(config, registry)).toBeUndefined();
  });

  it.each([
    '{"auths": "secret-pa55"}',
    'secret-pa55',
    '{"credsStore": "broken"}',
    '{"credsStore": "../evil"}',
  ])('says what is wrong with %s, without what it holds', async (config) => {
    const failure = lookup(config, 'a.io');
    await expect(failure).rejects.toThrow(/docker config|docker-credential/);
    await expect(failure).rejects.not.toThrow(/secret-pa55/);
  });
});
