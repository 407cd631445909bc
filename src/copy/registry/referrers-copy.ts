import pLimit from 'p-limit';
import { CopyError } from '../../mirror/copy-error.ts';
import { allOrThrow } from '../../oci/async.ts';
import type { Digest } from '../../oci/digest.ts';
import {
  type ListEntry,
  listEntries,
  includesAll,
  readReferrer,
  uniteList,
} from '../../oci/referrers-list.ts';
import { type ListedReferrer, MAX_REFERRERS, listReferrers } from '../../oci/referrers.ts';
import type { CopyTask, ReferrersTask } from '../engine.ts';
import { type Referrers, findReferrers } from './find-referrers.ts';
import { type ManifestCopy, type TargetState, type CopyEvents } from './manifest-copy.ts';
import { MAX_LIST_BYTES, fetchList } from './referrers-lists.ts';

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
  readonly #referred: CopyEvents['onReferrersCopied'];
  readonly #limit = pLimit(AT_A_TIME);
  #count = 0;

  constructor(
    task: CopyTask,
    referrers: ReferrersTask,
    {
      copy,
      state,
      referred,
    }: { copy: ManifestCopy; state: TargetState; referred: CopyEvents['onReferrersCopied'] },
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
      const next = await allOrThrow(
        Array.from(level, async ([subject, referrers]) => this.#bringAll(subject, referrers)),
      );
      level = await findReferrers(this.#task.source, this.#referrers, next.flat());
    }
  }

  /** Brings tags of cosign's that are about a part of the image, where the target has not the same under them. */
  async bringTags(tags: readonly string[]): Promise<void> {
    await allOrThrow(tags.map(async (tag) => this.#limit(async () => this.#bringTag(tag))));
  }

  async #bringTag(tag: string): Promise<void> {
    const { source, target } = this.#task;
    const [there, here] = await Promise.all([
      source.client.headManifest(source.repository, tag),
      target.client.findManifest(target.repository, tag),
    ]);
    if (!there || there.digest === here?.digest) return;
    const manifest = await source.client.getManifest(source.repository, tag);
    if (!manifest) return;
    await this.#copy.readAhead(manifest);
    await this.#copy.bringParts(manifest);
    await this.#copy.put(manifest, tag);
    this.#referred(this.#state.lists.countNew(target.repository, [manifest]));
  }

  /** @returns those of `referrers` to which something else may refer */
  async #bringAll(subject: Digest, referrers: readonly ListedReferrer[]): Promise<Digest[]> {
    this.#count += referrers.length;
    if (this.#count > MAX_REFERRERS) throw this.#problem(`more than ${MAX_REFERRERS} manifests refer to it`);
    const { client, repository } = this.#task.target;
    const listed = await listReferrers(client, repository, subject);
    const list = listed ? undefined : await fetchList(client, repository, subject);
    const held = new Set((listed ?? (list && listEntries(list)) ?? []).map(({ digest }) => digest));
    const brought = new Brought(subject, listed !== undefined);
    const there = await allOrThrow(
      referrers.map(async (referrer) =>
        held.has(referrer.digest)
          ? mayBeSubject(referrer)
          : this.#limit(async () => this.#bringOne(referrer.digest, brought)),
      ),
    );
    await this.#tell(brought);
    return referrers.filter((_, index) => there[index]).map(({ digest }) => digest);
  }

  /** @returns false where nothing more is to be found, or it does not refer to the subject as was said */
  async #bringOne(digest: Digest, brought: Brought): Promise<boolean> {
    const { client, repository } = this.#task.source;
    const manifest = await client.getManifest(repository, digest);
    const referrer = manifest && readReferrer(manifest);
    if (!referrer || referrer.subject !== brought.subject) return false;
    const isNoted = await this.#copy.bring(manifest);
    if (!brought.add(referrer.entry, isNoted))
      throw this.#problem('the list of what refers to it would be too large');
    return mayBeSubject(referrer.entry);
  }

  /** Sees to it that who asks the target is told of what was brought. */
  async #tell({ subject, noted, unlisted }: Brought): Promise<void> {
    const { lists } = this.#state;
    const { repository } = this.#task.target;
    const entries = unlisted.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
    let added = entries;
    if (entries.length > 0) {
      await lists.change(repository, subject, (list) => {
        const known = (list && listEntries(list)) ?? [];
        added = entries.filter((entry) => !includesAll(known, [entry]));
        return uniteList(list, entries);
      });
    }
    const count = lists.countNew(repository, [...noted, ...added]);
    if (count > 0) this.#referred(count);
  }

  #problem(what: string): CopyError {
    const { client, repository, digest } = this.#task.source;
    return new CopyError(`${client.registry}/${repository}@${digest}: ${what}`, { retryable: false });
  }
}

/** What was brought that refers to one manifest. */
class Brought {
  readonly subject: Digest;
  /** What the target lists itself. */
  readonly noted: Pick<ListEntry, 'digest'>[] = [];
  /** What has to be in a list under a tag. */
  readonly unlisted: ListEntry[] = [];
  readonly #hasApi: boolean;
  #size = 0;

  constructor(subject: Digest, hasApi: boolean) {
    this.subject = subject;
    this.#hasApi = hasApi;
  }

  /**
   * A registry lists a referrer only where it both has the API and says that it noted the subject: ECR said so without the
   * API, and others answer 200 to everything.
   *
   * @returns false when there is more than a list can hold
   */
  add(entry: ListEntry, isNoted: boolean): boolean {
    if (this.#hasApi && isNoted) {
      this.noted.push({ digest: entry.digest });
      return true;
    }
    this.unlisted.push(entry);
    this.#size += JSON.stringify(entry).length;
    return this.#size <= MAX_LIST_BYTES;
  }
}

function mayBeSubject({ artifactType }: Pick<ListedReferrer, 'artifactType'>): boolean {
  return !SIGNATURES.has(artifactType ?? '');
}
