import pLimit from 'p-limit';
import type { Digest } from '../../oci/digest.ts';
import { MAX_REFERRERS, listReferrers } from '../../oci/referrers.ts';
import { type ListEntry, entriesOf, includesAll, readReferrer, uniteList } from '../../oci/referrers-list.ts';
import { CopyError, type CopyTask, type ReferrersTask } from '../engine.ts';
import { fetchManifest } from '../evidence.ts';
import { type Referrers, type Referring, findReferrers } from './find-referrers.ts';
import { type ManifestCopy, type TargetState, type Tell, settleAll } from './manifest-copy.ts';
import { fetchList } from './referrers-lists.ts';

/** An image, its SBOM, the SBOM's signature: nobody's go deeper than this. */
const MAX_DEPTH = 8;
/** Referrers of one image that are copied at a time. */
const AT_A_TIME = 4;

/** To signatures, which are believed for their key, nobody refers: a request for each would be in vain. */
const SIGNATURES = new Set([
  'application/vnd.cncf.notary.signature',
  'application/vnd.dev.cosign.artifact.sig.v1+json',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
]);

/** The way of what refers to one image to the target. */
export class ReferrersCopy {
  readonly #task: CopyTask;
  readonly #referrers: ReferrersTask;
  readonly #copy: ManifestCopy;
  readonly #state: TargetState;
  readonly #referred: Tell['referred'];
  readonly #limit = pLimit(AT_A_TIME);
  #count = 0;

  constructor(
    task: CopyTask,
    referrers: ReferrersTask,
    { copy, state, referred }: { copy: ManifestCopy; state: TargetState; referred: Tell['referred'] },
  ) {
    this.#task = task;
    this.#referrers = referrers;
    this.#copy = copy;
    this.#state = state;
    this.#referred = referred;
  }

  /** Brings what the target does not have of `found`, and then of what refers to that in turn. */
  async bring(found: Referrers): Promise<void> {
    let level = found;
    for (let depth = 1; level.size > 0; depth += 1) {
      if (depth > MAX_DEPTH) throw this.#problem(`what refers to it is nested more than ${MAX_DEPTH} deep`);
      const next = await settleAll(
        Array.from(level, async ([subject, referrers]) => this.#bringAll(subject, referrers)),
      );
      level = await findReferrers(this.#task.source, this.#referrers, next.flat());
    }
  }

  /** Brings tags of cosign's that are about a part of the image, where the target has not the same under them. */
  async bringTags(tags: readonly string[]): Promise<void> {
    await settleAll(tags.map(async (tag) => this.#limit(async () => this.#bringTag(tag))));
  }

  async #bringTag(tag: string): Promise<void> {
    const { source, target } = this.#task;
    const [there, here] = await Promise.all([
      source.client.headManifest(source.repository, tag),
      target.client.headManifest(target.repository, tag),
    ]);
    if (!there || there.digest === here?.digest) return;
    const manifest = await fetchManifest(source.client, source.repository, there.digest);
    await this.#copy.readAhead(manifest);
    await this.#copy.bringParts(manifest);
    await this.#copy.put(manifest, tag);
    this.#referred(this.#state.lists.countNew(target.repository, [manifest]));
  }

  /** @returns those of `referrers` to which something else may refer */
  async #bringAll(subject: Digest, referrers: readonly Referring[]): Promise<Digest[]> {
    this.#count += referrers.length;
    if (this.#count > MAX_REFERRERS) throw this.#problem(`more than ${MAX_REFERRERS} manifests refer to it`);
    const { client, repository } = this.#task.target;
    const listed = await listReferrers(client, repository, subject);
    const list = listed ? undefined : await fetchList(client, repository, subject);
    const held = new Set((listed ?? (list && entriesOf(list)) ?? []).map(({ digest }) => digest));
    const missing = referrers.filter(({ digest }) => !held.has(digest));
    const tried = await settleAll(
      missing.map(async ({ digest }) => this.#limit(async () => this.#bringOne(subject, digest))),
    );
    const brought = tried.filter((one) => one !== undefined);
    await this.#tell(subject, brought, listed !== undefined);
    return [...referrers.filter(({ digest }) => held.has(digest)), ...brought.map(({ entry }) => entry)]
      .filter(({ artifactType }) => !SIGNATURES.has(artifactType ?? ''))
      .map(({ digest }) => digest);
  }

  /** @returns undefined for what is gone meanwhile, or does not refer to `subject` as was said */
  async #bringOne(subject: Digest, digest: Digest): Promise<Brought | undefined> {
    const { client, repository } = this.#task.source;
    const manifest = await client.getManifest(repository, digest);
    const referrer = manifest && readReferrer(manifest);
    if (!referrer || referrer.subject !== subject) return undefined;
    return { entry: referrer.entry, isNoted: await this.#copy.bring(manifest) };
  }

  /**
   * Sees to it that who asks the target is told of what was brought. A registry lists it itself only when it both has
   * the API and says that it noted the subject: ECR said so without the API, and others answer 200 to everything.
   */
  async #tell(subject: Digest, brought: readonly Brought[], hasApi: boolean): Promise<void> {
    if (brought.length === 0) return;
    const { lists } = this.#state;
    const { repository } = this.#task.target;
    const entries = brought.map(({ entry }) => entry);
    let added = entries;
    if (!hasApi || !brought.every(({ isNoted }) => isNoted)) {
      await lists.change(repository, subject, (list) => {
        const known = (list && entriesOf(list)) ?? [];
        added = entries.filter((entry) => !includesAll(known, [entry]));
        return uniteList(list, entries);
      });
    }
    this.#referred(lists.countNew(repository, added));
  }

  #problem(what: string): CopyError {
    const { client, repository, digest } = this.#task.source;
    return new CopyError(`${client.registry}/${repository}@${digest}: ${what}`, { retryable: false });
  }
}

interface Brought {
  readonly entry: ListEntry;
  /** True when the target said that it noted to what the manifest refers. */
  readonly isNoted: boolean;
}
