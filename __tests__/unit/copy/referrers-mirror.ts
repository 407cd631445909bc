import type { CopyTask, Held } from '../../../src/copy/engine.ts';
import { RegistryEngine } from '../../../src/copy/registry/engine.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { OCI_INDEX } from '../../../src/oci/media-types.ts';
import { entriesOf, referrersTag, uniteList } from '../../../src/oci/referrers-list.ts';
import { testRegistries } from '../../support/clients.ts';
import { sendJson } from '../../support/http.ts';
import {
  SIGNATURE,
  type TestImage,
  makeImage,
  makeReferrer,
  makeReferrersList,
  pushImage,
} from '../../support/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/memory-registry.ts';
import { discover } from '../../support/referrers.ts';

export const MIRROR = 'mirror/img';

export const image = makeImage({ seed: 'signed', oci: true });
export const sbom = makeReferrer(image, { seed: 'sbom', annotations: { 'org.example/tool': 'é' } });
export const signature = makeReferrer(image, { seed: 'signature', artifactType: SIGNATURE });
export const signedSbom = makeReferrer(sbom, { seed: 'of the sbom', artifactType: SIGNATURE });

/** The registries of the test that runs. */
export let source: MemoryRegistry;
export let target: MemoryRegistry;

/** Starts both, with the API for referrers or without. */
export async function start(apis: { readonly source: boolean; readonly target: boolean }): Promise<void> {
  source = await startMemoryRegistry(apis.source ? { referrers: 2 } : {});
  target = await startMemoryRegistry(apis.target ? { referrers: 2 } : {});
}

export async function stop(): Promise<void> {
  await Promise.all([source.close(), target.close()]);
}

export async function restart(apis: Parameters<typeof start>[0]): Promise<void> {
  await stop();
  await start(apis);
}

/** What one run copied. */
export interface Run {
  readonly held: Map<string, Held>;
  readonly bytes: number;
  readonly referrers: number;
}

/** A run: what is known of the registries stays for all its tasks. */
export class Session {
  readonly #registries = testRegistries();
  readonly #engine = new RegistryEngine({
    concurrency: 4,
    streams: 10,
    retries: 1,
    sleep: async () => {},
    random: () => 0.5,
  });

  /** @param wants whether what refers to the image is wanted */
  async copy(image: TestImage, given: Partial<CopyTask> = {}, wants = true): Promise<Run> {
    const held = new Map<string, Held>();
    let referrers = 0;
    const task: CopyTask = {
      source: {
        client: this.#registries.source(source.host),
        repository: 'img',
        digest: image.digest,
        mediaType: image.mediaType,
      },
      target: { client: this.#registries.target(target.host), repository: MIRROR },
      tags: ['v1'],
      platforms: 'all',
      pulls: 1,
      present: false,
      claim: async () => {},
      ...(wants && {
        referrers: { sourceTags: new Set(source.store.tags('img')), leftTags: new Set<string>() },
      }),
      ...given,
    };
    const tell = (tag: string, what: Held): void => void held.set(tag, what);
    const bytes = await this.#engine.copy(task, tell, (count) => (referrers += count));
    return { held, bytes, referrers };
  }
}

export async function copy(image: TestImage, given?: Partial<CopyTask>, wants?: boolean): Promise<Run> {
  return new Session().copy(image, given, wants);
}

/** Looks for what is new about an image that the mirror has. */
export async function recheck(image: TestImage, given: Partial<CopyTask> = {}): Promise<Run> {
  return copy(image, { tags: [], ...given });
}

/** Pushes `image` and what refers to it, and keeps the lists of that under their tags where the source has no API. */
export async function publish(image: TestImage, referrers: readonly TestImage[] = []): Promise<void> {
  await pushImage(source.url, 'img', ['v1'], image);
  await attach(source, image, referrers);
}

export async function attach(
  to: MemoryRegistry,
  subject: TestImage,
  referrers: readonly TestImage[],
): Promise<void> {
  const repository = to === source ? 'img' : MIRROR;
  const hasApi = (await fetch(`${to.url}/v2/${repository}/referrers/${subject.digest}`)).status === 200;
  for (const one of referrers) await pushImage(to.url, repository, [one.digest], one);
  if (hasApi || referrers.length === 0) return;
  const stored = to.store.manifest(repository, referrersTag(subject.digest));
  const entries = entriesOf(makeReferrersList(referrers)) ?? [];
  const { bytes } = uniteList(stored, entries);
  to.store.putManifest(repository, referrersTag(subject.digest), OCI_INDEX, bytes);
}

/** What a client finds: at the mirror it must be what it finds at the source, but for what only an API adds. */
export async function found(
  at: MemoryRegistry,
  subject: TestImage,
  artifactType?: string,
): Promise<Map<string, Buffer[]>> {
  const list = await discover(at.url, at === source ? 'img' : MIRROR, subject.digest, artifactType);
  return new Map(
    list
      .toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
      .map(({ digest, manifest, blobs }) => [digest, [manifest, ...blobs]]),
  );
}

export function requests(at: MemoryRegistry, ...methods: string[]): string[] {
  return at.requests
    .filter(({ method }) => methods.length === 0 || methods.includes(method))
    .map(({ method, path }) => `${method} ${path.replace(/^\/v2\/(?:img|mirror\/img)\//, '')}`);
}

export function forget(): void {
  source.requests.length = 0;
  target.requests.length = 0;
}

export const listAt = (
  at: MemoryRegistry,
  subject: TestImage,
): readonly { readonly digest: Digest }[] | undefined => {
  const stored = at.store.manifest(at === source ? 'img' : MIRROR, referrersTag(subject.digest));
  return stored && entriesOf(stored);
};

/** The registry's API says that `manifests` refer to anything that is asked for. */
export function answerAlways(at: MemoryRegistry, ...manifests: unknown[]): void {
  at.intercept = ({ url = '' }, response) => {
    if (!url.includes('/referrers/')) return false;
    sendJson(response, 200, { schemaVersion: 2, manifests }, { 'content-type': OCI_INDEX });
    return true;
  };
}
