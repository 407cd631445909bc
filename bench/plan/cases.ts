import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { googleTags } from '../../__tests__/support/registries/google-tags.ts';
import { type Digest, digestOf, isDigest } from '../../src/oci/digest.ts';
import { DOCKER_MANIFEST } from '../../src/oci/media-types.ts';
import { serializeNamespaceManifest } from '../../src/record/namespace-manifest.ts';

/** Number of tags to copy in the real data: 46 are new and 37 have moved. */
export const REAL_WORK = 83;

const TagLists = v.record(v.string(), v.record(v.string(), v.record(v.string(), v.string())));
type TagLists = v.InferOutput<typeof TagLists>;
type Images = TagLists[string];

/** One namespace: the recorded images, and the images that its registry holds now. */
export interface PlanCase {
  readonly namespace: string;
  readonly recorded: Images;
  readonly listed: Images;
}

/** Real tags of gcr.io, and the changes of one week. BENCH_DATA names the folder with the tag lists. */
export function realCases(): PlanCase[] {
  const folder = process.env['BENCH_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
  const tags = join(folder, 'gcr-tags-2021-06-04.json.gz');
  if (!existsSync(tags))
    throw new Error(`${tags} does not exist: set BENCH_DATA to the folder with the tag lists`);
  const before = v.parse(TagLists, JSON.parse(gunzipSync(readFileSync(tags)).toString()));
  const week = join(folder, 'gcr-tags-2021-06-11.delta.json');
  const delta = v.parse(TagLists, JSON.parse(readFileSync(week, 'utf8')));
  return Object.entries(before).map(([namespace, recorded]) => {
    const listed: Images = {};
    for (const image of new Set([...Object.keys(recorded), ...Object.keys(delta[namespace] ?? {})])) {
      listed[image] = { ...recorded[image], ...delta[namespace]?.[image] };
    }
    return { namespace, recorded, listed };
  });
}

const REPOSITORIES = 2000;
const TAGS = 50;

/** Namespaces of 2,000 repositories with 50 tags each, `count` tags in total. One tag in a hundred is new. */
export function madeUpCases(count: number): PlanCase[] {
  const repositories = count / TAGS;
  return Array.from({ length: Math.ceil(repositories / REPOSITORIES) }, (_, index) => {
    const listed: Images = {};
    const recorded: Images = {};
    const here = Math.min(REPOSITORIES, repositories - index * REPOSITORIES);
    for (let repository = 0; repository < here; repository += 1) {
      const tags = Array.from({ length: TAGS }, (_, tag): [string, string] => [
        `v1.${tag}.0`,
        digestOf(Buffer.from(`${index}/${repository}:${tag}`)),
      ]);
      listed[`team-${repository % 40}/image-${repository}`] = Object.fromEntries(tags);
      recorded[`team-${repository % 40}/image-${repository}`] = Object.fromEntries(
        tags.filter((_, tag) => (repository + tag) % 100 > 0),
      );
    }
    return { namespace: `gcr.io/made-up-${index}`, recorded, listed };
  });
}

/** The namespace manifest with the recorded images, at their usual names unless `keyOf` says otherwise. */
export function manifestOf(
  { namespace, recorded }: PlanCase,
  target: string,
  keyOf = (image: string): string => image,
): string {
  const images = new Map(
    Object.entries(recorded).map(([image, tags]) => {
      const digests = Object.entries(tags).filter((entry): entry is [string, Digest] => isDigest(entry[1]));
      return [keyOf(image), new Map(digests)];
    }),
  );
  return serializeNamespaceManifest({ source: namespace, target, images });
}

/** Google's answer for one repository. The sizes are made up, because the real data has none. */
export function answerOf(repository: string, repositories: readonly string[], tags: Images[string]): string {
  const byDigest = new Map<string, string[]>();
  for (const [tag, digest] of Object.entries(tags)) {
    const known = byDigest.get(digest);
    if (known) known.push(tag);
    else byDigest.set(digest, [tag]);
  }
  const manifests = Array.from(byDigest, ([digest, tags], index) => ({
    digest,
    mediaType: DOCKER_MANIFEST,
    size: 1_000_000 + ((index * 7919) % 9_000_000),
    tags,
  }));
  return JSON.stringify(googleTags(repository, repositories, manifests));
}

/** Writes one folder per namespace and one file per answer. The planner reads them one by one, as a run receives them. */
export function writeCase(folder: string, one: PlanCase): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'manifest.json'), manifestOf(one, 'docker.io/gcrxio'));
  const images = Object.keys(one.listed);
  writeFileSync(join(folder, 'images.json'), JSON.stringify({ namespace: one.namespace, images }));
  for (const [number, image] of images.entries()) {
    writeFileSync(join(folder, `${number}.json`), answerOf(image, [], one.listed[image] ?? {}));
  }
}
