/**
 * Plans a real mirror: 129,378 tags of gcr.io against the manifests of a week before, and prints the time and the
 * memory that it took, measured in a process of its own. BENCH_DATA names the folder with the tag lists.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { build } from 'rolldown';
import * as v from 'valibot';
import { serializeNamespaceManifest } from '../../src/metadata/namespace-manifest.ts';
import { type Digest, isDigest } from '../../src/oci/digest.ts';
import { DOCKER_MANIFEST } from '../../src/oci/media-types.ts';
import { googleTags } from '../../__tests__/support/google-tags.ts';

const RUNS = 5;
const EXPECTED = 83;
const TagLists = v.record(v.string(), v.record(v.string(), v.record(v.string(), v.string())));
type TagLists = v.InferOutput<typeof TagLists>;

/** One namespace: its manifest's text, and what the registry answers for each repository. */
interface PlanCase {
  readonly namespace: string;
  readonly manifest: string;
  readonly answers: readonly (readonly [image: string, body: string])[];
}

function load(folder: string): PlanCase[] {
  const tags = join(folder, 'gcr-tags-2021-06-04.json.gz');
  if (!existsSync(tags))
    throw new Error(`${tags} is not there: name the folder of the tag lists in BENCH_DATA`);
  const before = v.parse(TagLists, JSON.parse(gunzipSync(readFileSync(tags)).toString()));
  const delta = v.parse(
    TagLists,
    JSON.parse(readFileSync(join(folder, 'gcr-tags-2021-06-11.delta.json'), 'utf8')),
  );
  return Object.entries(before).map(([namespace, images]) => {
    const after: TagLists[string] = {};
    for (const image of new Set([...Object.keys(images), ...Object.keys(delta[namespace] ?? {})])) {
      after[image] = { ...images[image], ...delta[namespace]?.[image] };
    }
    return {
      namespace,
      manifest: serializeNamespaceManifest({
        source: namespace,
        target: 'docker.io/gcrxio',
        images: toMaps(images),
      }),
      answers: Object.entries(after).map(([image, tags]) => [image, answer(image, tags)] as const),
    };
  });
}

function toMaps(images: TagLists[string]): Map<string, Map<string, Digest>> {
  return new Map(
    Object.entries(images).map(([image, tags]) => {
      const digests = Object.entries(tags).filter((entry): entry is [string, Digest] => isDigest(entry[1]));
      return [image, new Map(digests)];
    }),
  );
}

function answer(image: string, tags: Record<string, string>): string {
  const byDigest = new Map<string, string[]>();
  for (const [tag, digest] of Object.entries(tags))
    byDigest.set(digest, [...(byDigest.get(digest) ?? []), tag]);
  const manifests = Array.from(byDigest, ([digest, tags]) => ({
    digest,
    mediaType: DOCKER_MANIFEST,
    size: 1000,
    tags,
  }));
  return JSON.stringify(googleTags(image, [], manifests));
}

/** A folder a namespace, a file an answer: the planner reads them one by one, as a run gets them. */
function writeCase(cases: string, { namespace, manifest, answers }: PlanCase, index: number): void {
  const folder = join(cases, String(index));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'manifest.json'), manifest);
  writeFileSync(
    join(folder, 'images.json'),
    JSON.stringify({ namespace, images: answers.map(([image]) => image) }),
  );
  answers.forEach(([, body], number) => writeFileSync(join(folder, `${number}.json`), body));
}

const Measured = v.object({ ms: v.number(), megabytes: v.number(), tags: v.number(), total: v.number() });

/** Measures in a process of its own, and prints. */
export async function benchPlan(): Promise<void> {
  const folder = process.env['BENCH_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
  const temp = mkdtempSync(join(tmpdir(), 'bench-plan-'));
  try {
    const cases = join(temp, 'cases');
    load(folder).forEach((one, index) => writeCase(cases, one, index));
    // Bundled, as the action is: reading TypeScript would be measured too.
    const planner = join(temp, 'planner.mjs');
    const input = fileURLToPath(new URL('planner.ts', import.meta.url));
    await build({ input, platform: 'node', logLevel: 'warn', output: { file: planner, format: 'esm' } });
    const runs = Array.from({ length: RUNS }, () => {
      const { stdout, stderr, status } = spawnSync(process.execPath, [planner, cases], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      return v.parse(Measured, JSON.parse(stdout));
    }).toSorted((a, b) => a.ms - b.ms);
    print(runs[Math.floor(RUNS / 2)]);
  } finally {
    rmSync(temp, { recursive: true });
  }
}

function print(median: v.InferOutput<typeof Measured> | undefined): void {
  if (!median || median.tags !== EXPECTED)
    throw new Error(`${median?.tags} tags were planned, not ${EXPECTED}`);
  console.log(
    `plan: ${median.total.toLocaleString('en')} tags, ${median.tags} to copy, ${median.ms.toFixed(0)} ms ` +
      `(median of ${RUNS}), ${median.megabytes.toFixed(0)} MB at its peak with Node itself`,
  );
}
