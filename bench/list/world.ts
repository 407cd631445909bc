import { type RealEntry, splitSource } from '../../__tests__/support/fixtures/real-list.ts';
import { makeImage } from '../../__tests__/support/fixtures/images.ts';
import { type Certificate, makeCertificate } from '../../__tests__/support/registries/token-server.ts';
import { type DataSet, upload } from '../copy/datasets.ts';
import { type Link, openLink } from '../servers/links.ts';
import { type MemorySide, startMemoryRegistries } from '../servers/memory-registries.ts';

/** Registries for a list: one stands for all its sources, which are never contacted, and there are three targets. */
export interface World {
  readonly source: MemorySide;
  readonly targets: readonly MemorySide[];
  /** What leads a client that follows the usual variables to the source. */
  readonly env: Readonly<Record<string, string>>;
  /** Opens a link to each. Returns the hosts of the targets. */
  open(link: Link): Promise<{ readonly hosts: readonly string[]; close(): Promise<void> }>;
  /** Seconds of processor time of all registries. */
  processor(): Promise<number>;
  close(): Promise<void>;
}

const TARGETS = 3;

export async function startWorld(list: readonly RealEntry[]): Promise<World> {
  const names = Array.from(new Set(list.flatMap((entry) => apiHosts(splitSource(entry).host))));
  const certificate = await makeCertificate(...names);
  const registries = await startMemoryRegistries();
  const source = await registries.start({ key: certificate.key, cert: certificate.cert });
  const targets: MemorySide[] = [];
  for (let number = 0; number < TARGETS; number += 1) targets.push(await registries.start());
  await upload(setOf(list), source.url);
  await source.join();
  return {
    source,
    targets,
    env: envOf(certificate, registries.proxyHost),
    open: async (link) => {
      const links = await Promise.all(
        [source.tlsHost ?? '', ...targets.map(({ host }) => host)].map(async (host) => openLink(host, link)),
      );
      const [sourceHost = '', ...hosts] = links.map(({ host }) => host);
      await registries.route(
        names.map((name) => `${name}:443`),
        Number(sourceHost.split(':')[1]),
      );
      return { hosts, close: async () => void (await Promise.all(links.map((open) => open.close()))) };
    },
    processor: async () => registries.processor(),
    close: async () => {
      await registries.close();
      certificate.remove();
    },
  };
}

/** The hosts that clients send requests to. crane has another one for Docker Hub than the others. */
function apiHosts(host: string): string[] {
  return host === 'docker.io' ? ['registry-1.docker.io', 'index.docker.io'] : [host];
}

function envOf({ certFile }: Certificate, proxyHost: string): Record<string, string> {
  return {
    NODE_EXTRA_CA_CERTS: certFile,
    SSL_CERT_FILE: certFile,
    HTTPS_PROXY: `http://${proxyHost}`,
    HTTP_PROXY: `http://${proxyHost}`,
    NO_PROXY: '127.0.0.1,localhost',
  };
}

/** A small image of its own under each tag. Images of one repository share a layer. */
function setOf(list: readonly RealEntry[]): DataSet {
  const set = new Map<string, Map<string, ReturnType<typeof makeImage>>>();
  for (const entry of list) {
    const { repository } = splitSource(entry);
    const images = set.get(repository) ?? new Map<string, ReturnType<typeof makeImage>>();
    set.set(repository, images);
    for (const tag of entry.tags) {
      const seed = `${repository}:${tag}`;
      images.set(tag, makeImage({ seed, layers: [200, 100], layerSeeds: [repository, seed] }));
    }
  }
  return set;
}
