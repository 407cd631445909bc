import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { type Registry, challengeOf, requestRepository } from './registry.ts';

/** An image of a registry that everybody may pull. */
export interface PublicImage extends Registry {
  readonly repository: string;
  readonly tag: string;
}

/** What the code relies on, each answered by a word or two: the same ones for a live registry and its stand-in. */
export const BEHAVIOURS = {
  'GET /v2/': askForChallenge,
  'tags/list': askForTags,
  'HEAD of a manifest': askForHeaders,
  'GET of a manifest': askForManifest,
  'a manifest that is not there': askForMissing,
  'GET of a blob': askForBlob,
  'ratelimit-remaining after a HEAD': askForPullLimit,
} as const satisfies Readonly<Record<string, (image: PublicImage) => Promise<string>>>;

export type Behaviour = keyof typeof BEHAVIOURS;

/** The behaviours that a source is held to, in the order of the list above. */
export function behavioursOf(expected: Readonly<Partial<Record<Behaviour, string>>>): Behaviour[] {
  return Object.keys(BEHAVIOURS).filter((name): name is Behaviour => name in expected);
}

/** What a registry did, by behaviour. A request that failed is an answer too. */
export async function observe(
  image: PublicImage,
  behaviours: readonly Behaviour[],
): Promise<ReadonlyMap<Behaviour, string>> {
  const found = new Map<Behaviour, string>();
  for (const behaviour of behaviours) {
    const answer = BEHAVIOURS[behaviour](image).catch(
      (error: unknown) => `failed: ${error instanceof Error ? error.message : String(error)}`,
    );
    found.set(behaviour, await answer);
  }
  return found;
}

async function askForChallenge({ url }: PublicImage): Promise<string> {
  const challenge = await challengeOf(url);
  return challenge === '' ? 'no challenge' : `${challenge.split(' ')[0] ?? ''} challenge`;
}

const TagsList = v.looseObject({
  tags: v.optional(v.array(v.string())),
  child: v.optional(v.array(v.string())),
  manifest: v.optional(
    v.record(
      v.string(),
      v.looseObject({ imageSizeBytes: v.string(), mediaType: v.string(), tag: v.array(v.string()) }),
    ),
  ),
});

async function askForTags(image: PublicImage): Promise<string> {
  const response = await requestRepository(image, image.repository, 'tags/list');
  if (!response.ok) return `status ${response.status}`;
  const list = v.safeParse(TagsList, await response.json());
  if (!list.success) return 'another shape';
  const { child, manifest } = list.output;
  return child === undefined && manifest === undefined ? 'names' : "Google's shape, digests as keys";
}

async function askForHeaders(image: PublicImage): Promise<string> {
  const response = await requestRepository(image, image.repository, `manifests/${image.tag}`, 'HEAD');
  if (!response.ok) return `status ${response.status}`;
  const headers = ['docker-content-digest', 'content-type', 'content-length'];
  const found = headers.filter((name) => response.headers.has(name));
  return found.length === 0 ? 'none of its headers' : found.join(', ');
}

async function askForManifest(image: PublicImage): Promise<string> {
  const response = await requestRepository(image, image.repository, `manifests/${image.tag}`);
  if (!response.ok) return `status ${response.status}`;
  const digest = digestOf(new Uint8Array(await response.arrayBuffer()));
  return digest === response.headers.get('docker-content-digest')
    ? 'the bytes have the digest'
    : 'the bytes have another digest';
}

const Errors = v.object({ errors: v.array(v.looseObject({ code: v.string() })) });

async function askForMissing(image: PublicImage): Promise<string> {
  const response = await requestRepository(image, image.repository, `manifests/sha256:${'0'.repeat(64)}`);
  const body = v.safeParse(v.pipe(v.string(), v.parseJson(), Errors), await response.text());
  return `${response.status} ${body.success ? (body.output.errors[0]?.code ?? 'without an error') : 'and no JSON'}`;
}

const Descriptor = v.looseObject({ digest: v.string() });
const Manifest = v.looseObject({
  manifests: v.optional(v.array(Descriptor)),
  config: v.optional(Descriptor),
});

async function askForBlob(image: PublicImage): Promise<string> {
  const digest = await configDigest(image, image.tag);
  const response = await requestRepository(image, image.repository, `blobs/${digest}`);
  if (!response.ok) return `status ${response.status}`;
  const found = digestOf(new Uint8Array(await response.arrayBuffer()));
  return found === digest ? 'the bytes have the digest' : 'the bytes have another digest';
}

/** Of the image, or of the first of an index. */
async function configDigest(image: PublicImage, reference: string): Promise<string> {
  const response = await requestRepository(image, image.repository, `manifests/${reference}`);
  const { manifests = [], config } = v.parse(Manifest, await response.json());
  if (config) return config.digest;
  const [first] = manifests;
  if (first === undefined)
    throw new Error(`${image.repository}:${reference} is neither an image nor an index`);
  return configDigest(image, first.digest);
}

/** https://docs.docker.com/docker-hub/usage/pulls/ */
async function askForPullLimit(image: PublicImage): Promise<string> {
  const remaining = async (): Promise<string | null> => {
    const response = await requestRepository(image, image.repository, `manifests/${image.tag}`, 'HEAD');
    return response.headers.get('ratelimit-remaining');
  };
  const [before, after] = [await remaining(), await remaining()];
  if (before === null) return 'no limit';
  return before === after ? 'the same' : 'one less';
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
