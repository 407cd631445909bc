/** The measured part of plan.ts: reads the files that plan.ts wrote, plans, and prints time and memory. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { limitHeapGrowth } from '../../src/action/v8-flags.ts';
import { readGoogleList } from '../../src/list/google.ts';
import type { ListedTag, Listing, SourceImage } from '../../src/mirror/listing.ts';
import { formatNamespace, parseNamespace, repositoryIn } from '../../src/mirror/namespace.ts';
import { diff } from '../../src/plan/diff.ts';
import { planMatrix } from '../../src/plan/matrix.ts';
import { findNameClashes } from '../../src/plan/name-clashes.ts';
import { type NamespaceWork, workOf } from '../../src/plan/namespace-work.ts';
import { parseNamespaceManifest } from '../../src/record/namespace-manifest.ts';
import { joinRules } from '../../src/select/keyed.ts';
import { findRemovedTags } from '../../src/select/removed-tags.ts';
import { resolveSelection } from '../../src/select/resolve.ts';
import { rulesOf } from '../../src/select/rules.ts';
import { select } from '../../src/select/select.ts';

const SETTINGS = {
  target: { registry: 'docker.io', path: 'gcrxio' },
  targetName: '{image}',
  platforms: 'all',
  referrers: false,
  filters: { include: [], exclude: [] },
} as const;
/** Never used: Google lists digests. */
const CLIENT = {
  headManifest: async () => undefined,
  getManifest: async () => undefined,
  listTags: async () => [],
};
const Names = v.object({ namespace: v.string(), images: v.array(v.string()) });

// As the action does.
limitHeapGrowth();
const started = performance.now();
let total = 0;
const works: NamespaceWork[] = [];
const root = process.argv[2] ?? '';
for (const folder of readdirSync(root)) {
  const listing = readListing(join(root, folder));
  const source = formatNamespace(listing.namespace);
  const bytes = readFileSync(join(root, folder, 'manifest.json'));
  const recorded = parseNamespaceManifest(bytes, { path: source, source, target: 'docker.io/gcrxio' });
  const settings = { ...SETTINGS, namespace: listing.namespace };
  const rules = rulesOf(settings).map((rule) => ({
    ...rule,
    listing,
    selection: select(listing, rule.filters),
  }));
  const selected = joinRules(rules.map((rule) => ({ rule, images: rule.selection.listing.images })));
  findNameClashes([{ settings, images: selected.images, open: new Set(selected.images.keys()) }]);
  const parts = await Promise.all(
    rules.map(async (rule) => {
      const { listing: resolved } = await resolveSelection(rule.selection, CLIENT, () => undefined);
      return { rule, images: resolved.images };
    }),
  );
  const { images, settingsOf } = joinRules(parts);
  const found = diff({ images }, recorded.images, settings, settingsOf);
  findRemovedTags(recorded.images, {
    rules,
    isFound: (key, tag) => images.get(key)?.tags.has(tag) === true,
    unknown: new Set(),
    mayBeTakenOff: () => true,
  });
  const work = workOf(listing.namespace, found);
  works.push(work);
  total += found.unchanged + work.images.reduce((sum, { tags }) => sum + tags, 0);
}
const { include } = planMatrix(works, { maxEntries: 20, filters: { include: [], exclude: [] } });
const ms = performance.now() - started;
const tags = include.reduce((sum, entry) => sum + entry.tags, 0);
// Not resourceUsage().maxRSS: its value includes the memory of the parent process.
const megabytes = Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1000;
console.log(JSON.stringify({ ms, megabytes, tags, total, jobs: include.length }));

function readListing(folder: string): Listing<ListedTag> {
  const names = v.parse(Names, JSON.parse(readFileSync(join(folder, 'images.json'), 'utf8')));
  const namespace = parseNamespace(names.namespace, 'gcr.io');
  if (typeof namespace === 'string') throw new Error(namespace);
  const images = new Map<string, SourceImage<ListedTag>>();
  for (const [number, image] of names.images.entries()) {
    const json: unknown = JSON.parse(readFileSync(join(folder, `${number}.json`), 'utf8'));
    const list = readGoogleList({ json });
    if (list) images.set(image, { repository: repositoryIn(namespace, image), tags: list.tags });
  }
  return { namespace, images, failures: [] };
}
