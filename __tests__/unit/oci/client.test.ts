import { afterEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../../src/oci/auth/credentials.ts';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { testRegistries } from '../../support/fixtures/clients.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { type TestServer, sendJson, startServer } from '../../support/network/http.ts';
import {
  type MemoryRegistry,
  type MemoryRegistryOptions,
  startMemoryRegistry,
} from '../../support/registries/memory-registry.ts';

const LOGIN: Credential = {
  username: 'u',
  password: 'secret-pa55',
  providedBy: 'the inputs username and password',
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
  it.each(['basic', 'token'] as const)('answers a %s challenge once for all requests', async (kind) => {
    const server = await registry({ auth: { kind, username: 'u', password: LOGIN.password } });
    const mine = client(server, LOGIN);
    expect((await mine.headManifest('ns/a', 'v1'))?.digest).toBe(IMAGE.digest);
    await Promise.all(['v1', 'v2', 'v3'].map(async (tag) => mine.headManifest('ns/a', tag)));
    expect(server.requests.filter(({ authorization }) => authorization === undefined)).toHaveLength(1);
    expect(server.requests.filter(({ path }) => path.startsWith('/token')).length).toBe(
      kind === 'token' ? 1 : 0,
    );
  });

  it('requests /v2/ for the challenge that a 401 lacks', async () => {
    const server = await registry({ auth: { kind: 'token', shy: true } });
    expect((await client(server).headManifest('ns/a', 'v1'))?.digest).toBe(IMAGE.digest);
  });

  it.each(['basic', 'token'] as const)(
    'names the credentials that a %s registry refused, and not their value',
    async (kind) => {
      const server = await registry({ auth: { kind, username: 'u', password: 'another' } });
      const refusal = client(server, LOGIN).headManifest('ns/a', 'v1');
      await expect(refusal).rejects.toThrow(/refused the credentials from the inputs username and password/);
      await expect(refusal).rejects.not.toThrow(/secret-pa55/);
    },
  );

  it('reports that no credentials are known', async () => {
    const server = await registry({ auth: { kind: 'basic', username: 'u', password: 'p' } });
    await expect(client(server).headManifest('ns/a', 'v1')).rejects.toThrow(
      /No credentials are known for 127/,
    );
  });
});

describe('requests', () => {
  it('are retried after 5xx, a reset and a short body', async () => {
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

  it('are not retried in vain, nor for ever', async () => {
    const server = await registry();
    let asked = 0;
    let status = 403;
    server.intercept = (_, response) => {
      asked += 1;
      response.writeHead(status).end('<html>');
      return true;
    };
    await expect(client(server).headManifest('ns/a', 'v1')).rejects.toThrow(/status 403/);
    // A refused HEAD is followed by a GET.
    expect(asked).toBe(2);
    asked = 1;
    status = 500;
    await expect(client(server).getManifest('ns/a', 'v1')).rejects.toThrow(
      /status 500, the response is an HTML page/,
    );
    expect(asked).toBe(5);
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

  it('all wait after a 429, and fail when its pause is too long', async () => {
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

  it('are refused when they do not have the requested digest', async () => {
    const server = await registry();
    server.intercept = (_, response) => {
      response.writeHead(200, { 'content-type': IMAGE.mediaType }).end('{"other": 1}');
      return true;
    };
    await expect(client(server).getManifest('ns/a', IMAGE.digest)).rejects.toThrow(
      /digest of the response is sha256:.*not the requested one/,
    );
    await expect(client(server).getManifest('ns/a', 'v1')).resolves.toMatchObject({
      mediaType: IMAGE.mediaType,
    });
  });

  it('are undefined when they are missing, and the pull limit is read', async () => {
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
    if (!manifest) throw new Error('missing');
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

  it('read headers that occur several times', async () => {
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

  it('report a response that is not a list', async () => {
    const server = await startServer(async (_, response) => sendJson(response, 200, { tags: 'v1' }));
    servers.push(server);
    await expect(client(server).listTags('ns/a')).rejects.toThrow(/the response is not a list of tags/);
  });
});
