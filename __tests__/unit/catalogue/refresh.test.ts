import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Catalogue, CataloguePart } from '../../../src/catalogue/catalogue.ts';
import {
  manifestPattern,
  readPart,
  refreshCatalogue,
  staleManifests,
} from '../../../src/catalogue/refresh.ts';
import { parseNamespace } from '../../../src/mirror/namespace.ts';
import type { NamespaceManifest } from '../../../src/mirror/record-entry.ts';
import { recordPath } from '../../../src/mirror/record-path.ts';
import { fileOf, manifestOf, manifests, partFor } from '../../support/fixtures/catalogues.ts';
import { digest } from '../../support/fixtures/digests.ts';

const DEFAULT = '{registry}/{namespace}.json';
const NOW = '2026-11-26T03:17:00Z';

/** The files of a branch, and the parts that a run at `now` reads of them. */
class Branch {
  readonly files = new Map<string, { readonly bytes: Uint8Array; readonly sha: string }>();

  put(manifest: NamespaceManifest): void {
    this.files.set(`${manifest.source}.json`, fileOf(manifest));
  }

  shas(): Map<string, string> {
    return new Map(Array.from(this.files, ([path, { sha }]) => [path, sha]));
  }

  read(paths: readonly string[], changed = NOW): CataloguePart[] {
    return paths.flatMap((path) => {
      const file = this.files.get(path);
      return (file && readPart(file.bytes, { path, sha: file.sha, changed })) ?? [];
    });
  }

  refresh(catalogue: Catalogue, changed = NOW): Catalogue {
    const files = this.shas();
    return refreshCatalogue(
      catalogue,
      files,
      this.read(staleManifests(catalogue, files, DEFAULT, 'docs'), changed),
    );
  }
}

const branchOf = (...some: readonly NamespaceManifest[]): Branch => {
  const branch = new Branch();
  for (const one of some) branch.put(one);
  return branch;
};

const A = manifestOf('gcr.io/a', 'docker.io/mirror', { x: { v1: digest(1) } });
const B = manifestOf('gcr.io/b', 'docker.io/mirror', { x: { v1: digest(1) } });

describe('staleManifests', () => {
  it('names new and changed manifests, and nothing that the catalogue has', () => {
    const branch = branchOf(A, B);
    expect(staleManifests([], branch.shas(), DEFAULT, 'docs')).toEqual(['gcr.io/a.json', 'gcr.io/b.json']);
    const catalogue = branch.refresh([]);
    expect(staleManifests(catalogue, branch.shas(), DEFAULT, 'docs')).toEqual([]);
    branch.put({ ...A, images: new Map([['x', new Map([['v2', digest(2)]])]]) });
    expect(staleManifests(catalogue, branch.shas(), DEFAULT, 'docs')).toEqual(['gcr.io/a.json']);
  });

  it('names manifests of another template that the catalogue has already', () => {
    const files = new Map([['hub/a.json', 'b'.repeat(40)]]);
    expect(staleManifests([], files, DEFAULT, 'docs')).toEqual([]);
    expect(staleManifests([partFor(A, 'hub/a.json')], files, DEFAULT, 'docs')).toEqual(['hub/a.json']);
  });

  it("leaves out the catalogue's own files", () => {
    const files = new Map([['docs.example/badge.json', 'b'.repeat(40)]]);
    expect(staleManifests([], files, DEFAULT, 'docs.example')).toEqual([]);
  });
});

describe('manifestPattern', () => {
  it('matches the path of each namespace', () => {
    const templates = [
      DEFAULT,
      '{namespace}.json',
      '{target}/{registry}/{namespace}.json',
      'm/{registry}+{namespace}',
    ];
    for (const template of templates)
      for (const name of ['gcr.io/a/b', 'registry.k8s.io', 'localhost:5000/a', 'localhost/x']) {
        const namespace = parseNamespace(name, '');
        if (typeof namespace === 'string') throw new Error(namespace);
        const path = recordPath(template, namespace, { registry: 'docker.io', path: 'mirror' });
        expect(path).toMatch(manifestPattern(template));
      }
  });

  it('does not match other files of a repository', () => {
    const others = [
      'package.json',
      'src/a.json',
      'CHANGELOG.md',
      'docs/catalogue.json',
      'gcr.io/a.yml',
      'tsconfig.json',
    ];
    expect(others.filter((path) => manifestPattern(DEFAULT).test(path))).toEqual([]);
  });
});

describe('readPart', () => {
  const about = { path: 'gcr.io/a.json', sha: 'a'.repeat(40), changed: NOW };
  const read = (text: string): unknown => readPart(Buffer.from(text), about);

  it.each([
    ['no JSON', '{'],
    ['no text', '\xff\xfe'],
    ["gcrsync's form, which names no target", '["base:latest"]'],
    ['another object', '{"name":"package"}'],
    ['a newer version', '{"version":2,"source":"gcr.io/a","target":"docker.io/x","images":{}}'],
    ['a source that is none', '{"version":1,"source":"<b>","target":"docker.io/x","images":{}}'],
    ['broken entries', '{"version":1,"source":"gcr.io/a","target":"docker.io/x","images":{"x":{"v1":"?"}}}'],
  ])('finds no part in %s', (_, text) => {
    expect(read(text)).toBeUndefined();
  });
});

describe('refreshCatalogue', () => {
  it('takes in what changed, keeps the time of the rest, and drops what is gone', () => {
    const branch = branchOf(A, B);
    const first = branch.refresh([], '2026-11-01T00:00:00Z');
    branch.put({ ...A, images: new Map([['x', new Map([['v2', digest(2)]])]]) });
    const second = branch.refresh(first);
    expect(second.map(({ path, changed }) => [path, changed])).toEqual([
      ['gcr.io/a.json', NOW],
      ['gcr.io/b.json', '2026-11-01T00:00:00Z'],
    ]);
    branch.files.delete('gcr.io/b.json');
    expect(branch.refresh(second).map(({ path }) => path)).toEqual(['gcr.io/a.json']);
  });

  it('changes nothing when a manifest changed in marks only', () => {
    const branch = branchOf(A);
    const first = branch.refresh([]);
    branch.put({ ...A, unlogged: new Map([['x', new Map([['v1', 'added']])]]) });
    expect(branch.refresh(first)).toBe(first);
  });

  it('keeps the part of a manifest that is broken at the moment', () => {
    const branch = branchOf(A);
    const first = branch.refresh([]);
    branch.files.set('gcr.io/a.json', { bytes: Buffer.from('{'), sha: 'c'.repeat(40) });
    expect(branch.refresh(first)).toBe(first);
  });

  it('leads to one catalogue, however often and in whatever steps it runs', () => {
    fc.assert(
      fc.property(fc.array(manifests, { maxLength: 8 }), (some) => {
        const [branch, steps] = [new Branch(), new Branch()];
        let catalogue: Catalogue = [];
        for (const one of some) {
          branch.put(one);
          steps.put(one);
          catalogue = steps.refresh(catalogue);
        }
        const content = ({ source, images }: CataloguePart): unknown => ({ source, images });
        expect(catalogue.map(content)).toEqual(branch.refresh([]).map(content));
        expect(steps.refresh(catalogue)).toBe(catalogue);
      }),
    );
  });
});
