import { type Server, type Socket, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { digest } from '../../../support/fixtures/digests.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface RawRegistry {
  readonly host: string;
  readonly connections: Socket[];
}

/** A registry that answers each HEAD with these bytes, and each GET of a list with no tags. */
async function rawRegistry(answerToHead: string): Promise<RawRegistry> {
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const list = '{"tags":["v1"]}';
      const isHead = bytes.toString().startsWith('HEAD');
      socket.write(
        isHead ? answerToHead : `HTTP/1.1 200 OK\r\ncontent-length: ${list.length}\r\n\r\n${list}`,
      );
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { host: `127.0.0.1:${port}`, connections };
}

const HEADERS = `HTTP/1.1 200 OK\r\ndocker-content-digest: ${digest(1)}\r\ncontent-type: application/vnd.oci.image.manifest.v1+json\r\ncontent-length: 20\r\n\r\n`;

describe('HEAD', () => {
  it('keeps its connection for the next request', async () => {
    const { host, connections } = await rawRegistry(HEADERS);
    const client = testRegistries({ retries: 2 }).source(host);
    for (let count = 0; count < 5; count += 1)
      expect((await client.headManifest('a', 'v1'))?.digest).toBe(digest(1));
    expect(await client.listTags('a')).toEqual(['v1']);
    // One more found out that the registry has no TLS.
    expect(connections.length).toBeLessThanOrEqual(2);
  });

  it('is answered, and so is what follows, by a server that sends a body with it', async () => {
    const { host } = await rawRegistry(`${HEADERS}{"schemaVersion": 2 }`);
    const client = testRegistries({ retries: 2 }).source(host);
    for (let count = 0; count < 5; count += 1) {
      expect((await client.headManifest('a', 'v1'))?.digest).toBe(digest(1));
      expect(await client.listTags('a')).toEqual(['v1']);
    }
  });
});
