import { describe, expect, it } from 'vitest';
import { parseCatalogue } from '../../../src/catalogue/catalogue-file.ts';
import { writeCatalogue } from '../../../src/catalogue/write.ts';
import type { NamespaceManifest } from '../../../src/mirror/record-entry.ts';
import { serializeNamespaceManifest } from '../../../src/record/namespace-manifest.ts';
import { manifestOf } from '../../support/fixtures/catalogues.ts';
import { testDeps } from '../../support/fixtures/deps.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { MemoryMetadata } from '../../support/github/memory-metadata.ts';

const SETTINGS = { folder: 'docs', manifestPath: '{registry}/{namespace}.json', commitMessage: undefined };

/** A metadata repository that counts requests. */
class CountingMetadata extends MemoryMetadata {
  requests: string[] = [];
  /** Done once, before the next write of a file. */
  beforeWrite: { readonly path: string; readonly work: () => void } | undefined;

  override async read(path: string): Promise<Uint8Array | undefined> {
    this.requests.push(path);
    return super.read(path);
  }

  override async listFiles(): Promise<ReadonlyMap<string, string>> {
    this.requests.push('list');
    return super.listFiles();
  }

  /** As GitHub does: a write that another one overtook starts again. */
  override async update(...[path, message, change]: Parameters<MemoryMetadata['update']>): Promise<boolean> {
    return super.update(path, message, async (current) => {
      const next = await change(current);
      const { beforeWrite } = this;
      if (beforeWrite?.path === path) {
        this.beforeWrite = undefined;
        beforeWrite.work();
      }
      const now = this.files.get(path);
      const isOvertaken = now !== undefined && (!current || now !== Buffer.from(current).toString());
      return isOvertaken ? change(Buffer.from(now)) : next;
    });
  }
}

const world = (): {
  metadata: CountingMetadata;
  put: (manifest: NamespaceManifest) => void;
  run: (day?: number) => Promise<string[]>;
} => {
  const metadata = new CountingMetadata();
  return {
    metadata,
    put: (manifest) => metadata.files.set(`${manifest.source}.json`, serializeNamespaceManifest(manifest)),
    run: async (day = 1) => {
      metadata.requests = [];
      metadata.messages.length = 0;
      const now = (): Date => new Date(Date.UTC(2026, 10, day, 3, 17, 5));
      return writeCatalogue(SETTINGS, { ...testDeps(), metadata, now });
    },
  };
};

const A = manifestOf('gcr.io/a', 'docker.io/mirror', { x: { v1: digest(1) } });
const B = manifestOf('gcr.io/b', 'docker.io/mirror', { y: { v1: digest(2), v2: digest(2) } });
const sourcesIn = ({ files }: MemoryMetadata): string[] =>
  parseCatalogue(Buffer.from(files.get('docs/catalogue.json') ?? ''), 'x').map(({ source }) => source);

describe('writeCatalogue', () => {
  it('writes the page, its data, the badge and configuration for clients', async () => {
    const { metadata, put, run } = world();
    put(A);
    expect(await run()).toEqual([]);
    expect(Array.from(metadata.files.keys()).toSorted()).toEqual([
      'docs/badge.json',
      'docs/catalogue.json',
      'docs/clients/containerd/gcr.io/hosts.toml',
      'docs/clients/kubeadm.yaml',
      'docs/clients/kustomization.yaml',
      'docs/clients/kyverno.yaml',
      'docs/clients/registries.conf',
      'docs/index.html',
      'gcr.io/a.json',
    ]);
    expect(metadata.files.get('docs/index.html')).toContain('"source":"gcr.io/a"');
    expect(metadata.files.get('docs/badge.json')).toContain('1 tag · 2026-11-01');
  });

  it('takes two requests and writes nothing when nothing changed', async () => {
    const { metadata, put, run } = world();
    put(A);
    await run();
    await run();
    expect(metadata.requests).toEqual(['docs/catalogue.json', 'list']);
    expect(metadata.messages).toEqual([]);
  });

  it('forgets nothing when GitHub lists no file for a moment', async () => {
    const { metadata, put, run } = world();
    put(A);
    await run();
    const files = new Map(metadata.files);
    metadata.listFiles = async () => Promise.resolve(new Map());
    expect(await run()).toEqual([
      'The catalogue in docs is not up to date. GitHub does not list docs/catalogue.json, which exists: run again later',
    ]);
    expect(metadata.files).toEqual(files);
  });

  it('writes only the badge when nothing changed since another day', async () => {
    const { metadata, put, run } = world();
    put(A);
    await run();
    const before = new Map(metadata.files);
    await run(2);
    const changed = Array.from(metadata.files).filter(([path, text]) => before.get(path) !== text);
    expect(changed.map(([path]) => path)).toEqual(['docs/badge.json']);
    expect(metadata.messages).toHaveLength(1);
  });

  it('reads only the manifests that changed', async () => {
    const { metadata, put, run } = world();
    put(A);
    put(B);
    await run();
    put({ ...A, images: new Map([['x', new Map([['v3', digest(3)]])]]) });
    await run();
    expect(metadata.requests).toContain('gcr.io/a.json');
    expect(metadata.requests).not.toContain('gcr.io/b.json');
    expect(sourcesIn(metadata)).toEqual(['gcr.io/a', 'gcr.io/b']);
    expect(metadata.messages).toContain('Catalogue: 3 tags');
  });

  it.each(['docs/catalogue.json', 'docs/index.html', 'docs/clients/kustomization.yaml'])(
    'loses nothing that another run writes just before %s',
    async (path) => {
      const { metadata, put, run } = world();
      put(A);
      await run();
      put({ ...A, images: new Map([['new', new Map([['v2', digest(9)]])]]) });
      const other = world();
      for (const [name, text] of metadata.files) other.metadata.files.set(name, text);
      other.put(B);
      await other.run();
      metadata.beforeWrite = {
        path,
        work: () => {
          for (const [name, text] of other.metadata.files) metadata.files.set(name, text);
        },
      };
      expect(await run()).toEqual([]);
      expect(metadata.beforeWrite).toBeUndefined();
      expect(sourcesIn(metadata)).toEqual(['gcr.io/a', 'gcr.io/b']);
      for (const name of [
        'docs/index.html',
        'docs/clients/registries.conf',
        'docs/clients/kustomization.yaml',
      ])
        for (const source of ['gcr.io/a', 'gcr.io/b']) expect(metadata.files.get(name)).toContain(source);
    },
  );

  it.each(['docs/index.html', 'docs/badge.json', 'docs/clients/registries.conf', 'docs/catalogue.json'])(
    'leaves %s alone if somebody else wrote it, and says so',
    async (path) => {
      const { metadata, put, run } = world();
      put(A);
      metadata.files.set(path, '# mine');
      const [error = ''] = await run();
      expect(error).toMatch(/^The catalogue in docs is not up to date\. /);
      expect(error).toContain(path);
      expect(error).toMatch(/Move it away/);
      expect(metadata.files.get(path)).toBe('# mine');
    },
  );

  it('leaves other JSON files of the repository out', async () => {
    const { metadata, put, run } = world();
    put(A);
    metadata.files.set('package.json', '{}');
    metadata.files.set('my.host/x.json', '{"hello":1}');
    await run();
    expect(sourcesIn(metadata)).toEqual(['gcr.io/a']);
  });
});
