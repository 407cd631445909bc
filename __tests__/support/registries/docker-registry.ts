import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { TestServer } from '../network/http.ts';
import { freePort, isListening, startDaemon } from '../run/process.ts';

export interface DockerRegistryOptions {
  /** Of a registry that was there before; a free one when it is left out. */
  readonly port?: number;
  readonly htpasswd?: { readonly username: string; readonly password: string };
  readonly tls?: { readonly keyFile: string; readonly certFile: string };
  /** Sections of its config.yml. https://distribution.github.io/distribution/about/configuration/ */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Debian's docker-registry on a free loopback port, with a data folder of its own. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-registry-'));
  const port = options.port ?? (await freePort());
  const host = `127.0.0.1:${port}`;
  const { tls, htpasswd } = options;
  const configFile = join(folder, 'config.yml');
  await writeFile(
    configFile,
    stringify({
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: {
        filesystem: { rootdirectory: join(folder, 'data'), maxthreads: 1000 },
        delete: { enabled: true },
      },
      http: { addr: host, ...(tls && { tls: { key: tls.keyFile, certificate: tls.certFile } }) },
      ...(htpasswd && { auth: { htpasswd: { realm: 'test', path: await writeHtpasswd(folder, htpasswd) } } }),
      catalog: { maxentries: 100_000 },
      ...options.config,
    }),
  );
  const url = `${tls ? 'https' : 'http'}://${host}`;
  const daemon = await startDaemon('docker-registry', ['serve', configFile], {
    debianPackage: 'docker-registry',
    // Over TLS with a private CA a socket that accepts will do.
    ready: async () => (tls ? isListening(port) : [200, 401].includes((await fetch(`${url}/v2/`)).status)),
    env: { OTEL_TRACES_EXPORTER: 'none' },
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const close = async (): Promise<void> => {
    await daemon.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { host, url, close };
}

async function writeHtpasswd(
  folder: string,
  { username, password }: { username: string; password: string },
): Promise<string> {
  const path = join(folder, 'htpasswd');
  const line = execFileSync('htpasswd', ['-niB', username], { input: password, encoding: 'utf8' });
  await writeFile(path, line.trim());
  return path;
}
