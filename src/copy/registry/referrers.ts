import pLimit from 'p-limit';
import type { Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { MAX_REFERRERS, distinct, listReferrers } from '../../oci/referrers.ts';
import {
  type ListEntry,
  entriesOf,
  includesAll,
  readReferrer,
  referrersTag,
  uniteList,
} from '../../oci/referrers-list.ts';
import { CopyError, type CopyTask, type ReferrersTask } from '../engine.ts';
import { type ManifestCopy, type TargetState, settleAll } from './manifest-copy.ts';
import { fetchList } from './referrers-lists.ts';

/** An image, its SBOM, the SBOM's signature: nobody's go deeper than this. */
const MAX_DEPTH = 8;
/** Referrers of one image that are copied at a time. */
const AT_A_TIME = 4;

/** To signatures, which a key of their own makes good, nobody refers: a request for each would be in vain. */
const SIGNATURES = new Set([
  'application/vnd.cncf.notary.signature',
  'application/vnd.dev.cosign.artifact.sig.v1+json',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
]);

/** What refers to some manifests, by these. Those that nothing refers to are left out. */
export type Referrers = ReadonlyMap<Digest, readonly Referring[]>;

/** One of them, as a list has it. */
export type Referring = Pick<ListEntry, 'mediaType' | 'digest' | 'artifactType'>;

/** Copies what refers to an image, and what refers to that. */
export class ReferrersCopy {
  readonly #task: CopyTask & { readonly referrers: ReferrersTask };
  readonly #limit = pLimit(AT_A_TIME);
  #count = 0;

  constructor(task: CopyTask, referrers: ReferrersTask) {
    this.#task = { ...task, referrers };
  }

  /** Asks the source what refers to each of `subjects`. */
  async find(subjects: Iterable<Digest>): Promise<Referrers> {
    const found = new Map<Digest, readonly Referring[]>();
    await settleAll(
      Array.from(new Set(subjects), async (subject) => {
        const listed = await this.#listAtSource(subject);
        const referrers = listed.filter(({ mediaType }) => !mediaType || isManifestType(mediaType));
        if (referrers.length > 0) found.set(subject, referrers);
      }),
    );
    return found;
  }

  /** Brings what the target does not have of `found`, and then of what refers to that in turn. */
  async bring(found: Referrers, copy: ManifestCopy, state: TargetState): Promise<void> {
    let level = found;
    for (let depth = 1; level.size > 0; depth += 1) {
      if (depth > MAX_DEPTH) throw this.#problem(`what refers to it is nested more than ${MAX_DEPTH} deep`);
      const next: Digest[] = [];
      await settleAll(
        Array.from(level, async ([subject, referrers]) => {
          next.push(...(await this.#bringAll(subject, referrers, copy, state)));
        }),
      );
      level = await this.find(next);
    }
  }

  async #listAtSource(subject: Digest): Promise<readonly Referring[]> {
    const { source, referrers } = this.#task;
    const listed = await listReferrers(source.client, source.repository, subject);
    if (listed && listed.length > 0) return listed;
    // An API that was switched on later may not know what clients kept under the tag before.
    if (!referrers.sourceTags.has(referrersTag(subject))) return [];
    const list = await fetchList(source.client, source.repository, subject);
    return distinct((list && entriesOf(list)) ?? [], subject);
  }

  /** @returns those of `referrers` to which something else may refer */
  async #bringAll(
    subject: Digest,
    referrers: readonly Referring[],
    copy: ManifestCopy,
    state: TargetState,
  ): Promise<Digest[]> {
    this.#count += referrers.length;
    if (this.#count > MAX_REFERRERS) throw this.#problem(`more than ${MAX_REFERRERS} manifests refer to it`);
    const { target } = this.#task;
    const listed = await listReferrers(target.client, target.repository, subject);
    const list = listed ? undefined : await fetchList(target.client, target.repository, subject);
    const held = new Set((listed ?? (list && entriesOf(list)) ?? []).map(({ digest }) => digest));
    const there = referrers.filter(({ digest }) => held.has(digest));
    const brought: Brought[] = [];
    await settleAll(
      referrers
        .filter(({ digest }) => !held.has(digest))
        .map(async ({ digest }) =>
          this.#limit(async () => {
            const one = await this.#bringOne(subject, digest, copy);
            if (one) brought.push(one);
          }),
        ),
    );
    await this.#tell(subject, brought, listed !== undefined, state);
    return [...there, ...brought.map(({ entry }) => entry)]
      .filter(({ artifactType }) => !SIGNATURES.has(artifactType ?? ''))
      .map(({ digest }) => digest);
  }

  /** @returns undefined for what is gone meanwhile, or does not refer to `subject` as was said */
  async #bringOne(subject: Digest, digest: Digest, copy: ManifestCopy): Promise<Brought | undefined> {
    const { client, repository } = this.#task.source;
    const manifest = await client.getManifest(repository, digest);
    const referrer = manifest && readReferrer(manifest);
    if (!referrer || referrer.subject !== subject) return undefined;
    return { entry: referrer.entry, isNoted: await copy.bring(manifest) };
  }

  /**
   * Sees to it that who asks the target is told of what was brought. A registry lists it itself only when it both has
   * the API and says that it noted the subject: ECR said so without the API, others answer that to everything.
   */
  async #tell(
    subject: Digest,
    brought: readonly Brought[],
    hasApi: boolean,
    { lists }: TargetState,
  ): Promise<void> {
    const { target, referrers } = this.#task;
    let added = brought.map(({ entry }) => entry);
    if (brought.length > 0 && !(hasApi && brought.every(({ isNoted }) => isNoted))) {
      const entries = added;
      await lists.change(target.repository, subject, (list) => {
        const known = (list && entriesOf(list)) ?? [];
        added = entries.filter((entry) => !includesAll(known, [entry]));
        return uniteList(list, entries);
      });
    }
    if (added.length > 0) referrers.copied(lists.countNew(target.repository, added));
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
