import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import {
  type RealEntry,
  fillSource,
  putImage,
  readRealList,
  splitSource,
} from '../support/fixtures/real-list.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import { type ForwardProxy, startForwardProxy } from '../support/network/proxy.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { type Certificate, makeCertificate } from '../support/registries/token-server.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

/**
 * The list of a real mirror: 229 entries on 8 registries, 2,242 tags, three targets. One registry stands for all sources: a proxy
 * leads their names to it, so that they are never contacted.
 */
const LIST = readRealList();
const TAGS = LIST.reduce((sum, { tags }) => sum + tags.length, 0);

let certificate: Certificate;
let folder: string;
let proxy: ForwardProxy;
let source: MemoryRegistry;
let targets: MemoryRegistry[];
let github: GitHubStandIn;

beforeAll(async () => {
  const hosts = Array.from(new Set(LIST.map((entry) => apiHost(splitSource(entry).host))));
  certificate = await makeCertificate(...hosts);
  source = await startMemoryRegistry({ tls: certificate });
  fillSource(source.store, LIST);
  targets = await Promise.all(Array.from({ length: 4 }, async () => startMemoryRegistry()));
  proxy = await startForwardProxy();
  for (const host of hosts) proxy.routes.set(`${host}:443`, Number(source.host.split(':')[1]));
  github = await startGitHub({ 'octo/meta': { empty: true } });
  folder = await mkdtemp(join(tmpdir(), 'lists-'));
  // A client that resolves a name itself stays on loopback too, and reaches nothing.
  const preload = `import dns from 'node:dns';
    const { lookup } = dns;
    dns.lookup = (name, ...rest) => lookup('127.0.0.1', ...rest);`;
  await writeFile(join(folder, 'lookup.mjs'), preload);
});
afterAll(async () => {
  certificate.remove();
  await Promise.all([source, ...targets, proxy, github].map((server) => server.close()));
  await rm(folder, { recursive: true });
});

function apiHost(host: string): string {
  return host === 'docker.io' ? 'registry-1.docker.io' : host;
}

type Entry = Omit<RealEntry, 'name' | 'targets'> & { name: string | string[]; target?: string[] };

const entriesOf = (list: readonly RealEntry[]): Entry[] =>
  list.map(({ source: from, name, tags }) => ({ source: from, name, tags }));

const placesOf = (some: readonly MemoryRegistry[]): string[] => some.map(({ host }) => `${host}/mirror`);

/** Mirrors `images`, and forgets the requests of earlier runs. */
async function mirror(
  images: readonly Entry[],
  inputs: Readonly<Record<string, string>> = {},
): Promise<RunOutcome> {
  for (const { requests } of [source, ...targets, github]) requests.length = 0;
  const config = stringify({ defaults: { target: placesOf(targets.slice(0, 3)) }, images });
  return runAction({
    inputs: { config: 'list.yml', engine: 'registry', ...inputs },
    checkout: { 'list.yml': config },
    apiUrl: github.url,
    token: TOKENS.write,
    env: {
      NODE_OPTIONS: `--import ${join(folder, 'lookup.mjs')}`,
      NODE_EXTRA_CA_CERTS: certificate.certFile,
      HTTPS_PROXY: `http://${proxy.host}`,
      NO_PROXY: '127.0.0.1,localhost',
    },
  });
}

/** The number of times that the source was asked for each path with GET. */
function readsOf(kind: 'manifests' | 'blobs'): number[] {
  const counts = new Map<string, number>();
  for (const { method, path } of source.requests)
    if (method === 'GET' && path.includes(`/${kind}/`)) counts.set(path, (counts.get(path) ?? 0) + 1);
  return Array.from(counts.values());
}

const sent = (registry: MemoryRegistry): number =>
  registry.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD').length;

/** `name:tag` of everything that was put into a target. */
function putsOf({ requests }: MemoryRegistry): string[] {
  return requests.flatMap(({ method, path }) => {
    const [, name, tag] = /^\/v2\/mirror\/(.+)\/manifests\/(.+)$/.exec(path) ?? [];
    return method === 'PUT' && name !== undefined ? [`${name}:${tag}`] : [];
  });
}

describe('the list of a real mirror', () => {
  it('is mirrored to three targets, under its names, with one read of the source', async () => {
    const run = await mirror(entriesOf(LIST));
    expect(run.annotations).toEqual([]);
    expect(run.outputs).toMatchObject({ complete: 'true', added: String(3 * TAGS), failed: '0' });
    for (const target of targets.slice(0, 3)) {
      for (const entry of LIST) {
        const { repository } = splitSource(entry);
        const wanted = entry.tags.map((tag) => source.store.manifest(repository, tag)?.digest);
        const found = entry.tags.map((tag) => target.store.manifest(`mirror/${entry.name}`, tag)?.digest);
        expect(found).toEqual(wanted);
      }
    }
    expect(new Set([...readsOf('manifests'), ...readsOf('blobs')])).toEqual(new Set([1]));
    // Nothing is listed.
    expect(source.requests.filter(({ path }) => path.includes('/tags/list'))).toEqual([]);
    expect(await github.file('octo/meta', `${placesOf(targets)[0]}/registry.k8s.io.json`)).toContain(
      '"pause as mirrored-pause": {',
    );
  });

  it('takes hundreds of requests at the sources, and none at the targets, when all is recorded', async () => {
    const run = await mirror(entriesOf(LIST));
    expect(run.outputs).toMatchObject({ changed: 'false', unchanged: String(3 * TAGS), added: '0' });
    expect(source.requests.length).toBeLessThan(1000);
    expect(targets.flatMap(({ requests }) => requests)).toEqual([]);
    expect(run.log).toContain('Nothing was recorded');
  });

  it('copies a tag, a name and a target that were added, and nothing else', async () => {
    const [first, second, third, ...rest] = entriesOf(LIST);
    if (!first || !second || !third) throw new Error('The list has entries');
    putImage(source.store, splitSource({ ...first, name: '', targets: [] }).repository, 'added-tag');
    const run = await mirror([
      { ...first, tags: [...first.tags, 'added-tag'] },
      { ...second, name: [String(second.name), 'added-name'] },
      { ...third, target: placesOf(targets) },
      ...rest,
    ]);
    const renamed = second.tags.map((tag) => `added-name:${tag}`);
    const moved = third.tags.map((tag) => `${String(third.name)}:${tag}`);
    for (const target of targets.slice(0, 3)) {
      expect(putsOf(target).toSorted()).toEqual([`${String(first.name)}:added-tag`, ...renamed].toSorted());
    }
    expect(putsOf(targets[3] ?? source).toSorted()).toEqual(moved.toSorted());
    expect(run.outputs).toMatchObject({
      complete: 'true',
      added: String(3 * (1 + renamed.length) + moved.length),
      unchanged: String(3 * TAGS),
      updated: '0',
    });
  });

  it('counts what is taken off the list as gone, and leaves it in the mirror', async () => {
    const [first, second, ...rest] = entriesOf(LIST);
    if (!first || !second) throw new Error('The list has entries');
    const [tag = '', ...tags] = first.tags;
    const run = await mirror([{ ...first, tags }, second, ...rest], { mode: 'monitor' });
    // The tag, and what the run before added: a tag and a name at three targets.
    expect(run.outputs['gone']).toBe(String(3 * (1 + 1 + second.tags.length)));
    expect(targets[0]?.store.manifest(`mirror/${String(first.name)}`, tag)).toBeDefined();
    expect(targets.map(sent)).toEqual([0, 0, 0, 0]);
  });
});
