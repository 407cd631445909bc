import pLimit from 'p-limit';
import { CopyError } from '../../mirror/copy-error.ts';
import { allOrThrow } from '../../oci/async.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RawManifest } from '../../oci/manifest.ts';
import {
  type ListEntry,
  listEntries,
  includesAll,
  readReferrer,
  uniteList,
} from '../../oci/referrers-list.ts';
import { type ListedReferrer, MAX_REFERRERS, listReferrers } from '../../oci/referrers.ts';
import type { CopyObserver, CopyTask, ReferrersTask } from '../engine.ts';
import { copyCosignTag } from './cosign-tag-copy.ts';
import { type Referrers, findReferrers } from './find-referrers.ts';
import { copyFound, copyReferrer } from './found-manifests.ts';
import type { ManifestCopy } from './manifest-copy.ts';
import type { TargetState } from './target-state.ts';
import { MAX_LIST_BYTES, fetchList } from './referrers-lists.ts';

/** An image, its SBOM, the SBOM's signature: real referrers are not nested deeper than this. */
const MAX_DEPTH = 8;
/** Number of referrers of one image that are copied at the same time. */
const CONCURRENCY = 4;

/** Signatures are trusted for their key and have no referrers of their own: looking those up would waste requests. */
const SIGNATURE_TYPES = new Set([
  'application/vnd.cncf.notary.signature',
  'application/vnd.dev.cosign.artifact.sig.v1+json',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
]);

/** Copies the referrers of one image, and the referrers of those. */
export class ReferrersCopy {
  readonly #task: CopyTask;
  readonly #referrers: ReferrersTask;
  readonly #copy: ManifestCopy;
  readonly #state: TargetState;
  readonly #observer: CopyObserver;
  readonly #limit = pLimit(CONCURRENCY);
  #count = 0;

  constructor(
    task: CopyTask,
    referrers: ReferrersTask,
    { copy, state, observer }: { copy: ManifestCopy; state: TargetState; observer: CopyObserver },
  ) {
    this.#task = task;
    this.#referrers = referrers;
    this.#copy = copy;
    this.#state = state;
    this.#observer = observer;
  }

  /** Copies those of `found` that the target does not list, then the referrers of these. */
  async copy(found: Referrers): Promise<void> {
    let level = found;
    for (let depth = 1; level.size > 0; depth += 1) {
      if (depth > MAX_DEPTH) throw this.#problem(`its referrers are nested more than ${MAX_DEPTH} deep`);
      const next = await allOrThrow(
        Array.from(level, async ([subject, referrers]) => this.#copyAll(subject, referrers)),
      );
      level = await findReferrers(this.#task.source, this.#referrers, next.flat());
    }
  }

  /** Copies cosign's tags for parts of the image, and keeps what the target has of its own under them. */
  async copyTags(tags: readonly string[]): Promise<void> {
    await allOrThrow(
      tags.map(async (tag) =>
        copyFound(
          this.#copy,
          this.#limit,
          async () => this.#findChanged(tag),
          async (manifest) => this.#copyTag(tag, manifest),
        ),
      ),
    );
  }

  /** What cosign keeps at the source under `tag`, unless the target has the same. */
  async #findChanged(tag: string): Promise<RawManifest | undefined> {
    const { source, target } = this.#task;
    const [atSource, atTarget] = await Promise.all([
      source.client.headManifest(source.repository, tag),
      target.client.findManifest(target.repository, tag),
    ]);
    if (atSource && atSource.digest !== atTarget?.digest)
      return source.client.getManifest(source.repository, tag);
    if (atSource) this.#copy.pass(atSource.digest);
    return undefined;
  }

  async #copyTag(tag: string, manifest: RawManifest): Promise<void> {
    const { repository } = this.#task.target;
    const { isWritten } = await copyCosignTag(this.#task, this.#copy, manifest, tag, this.#observer);
    if (!isWritten) return;
    this.#observer.onReferrersCopied(this.#state.lists.countNew(repository, [manifest]));
  }

  /** @returns those of `referrers` that may have referrers of their own */
  async #copyAll(subject: Digest, referrers: readonly ListedReferrer[]): Promise<Digest[]> {
    this.#count += referrers.length;
    if (this.#count > MAX_REFERRERS) throw this.#problem(`it has more than ${MAX_REFERRERS} referrers`);
    const { present, hasApi } = await this.#findPresent(subject, referrers);
    const copied = new CopiedReferrers(subject, hasApi);
    const isSubject = await allOrThrow(
      referrers.map(async (referrer) => {
        const { digest } = referrer;
        if (!present.has(digest)) return this.#copyOne(digest, copied);
        this.#copy.pass(digest);
        return mayBeSubject(referrer);
      }),
    );
    if (copied.acknowledged.length > 0) await this.#ensureListed(copied);
    await this.#publish(copied);
    return referrers.filter((_, index) => isSubject[index]).map(({ digest }) => digest);
  }

  /** The digests of the referrers that the target lists, in its API or under a tag. */
  async #findPresent(
    subject: Digest,
    referrers: readonly ListedReferrer[],
  ): Promise<{ present: Set<Digest>; hasApi: boolean }> {
    const { client, repository } = this.#task.target;
    const listed = await listReferrers(client, repository, subject);
    const present = new Set(listed?.map(({ digest }) => digest));
    const isComplete = referrers.every(({ digest }) => present.has(digest));
    // A target that loses referrers has them in a list under a tag, as has one without the API.
    if (!listed || (!isComplete && this.#task.tags.length === 0)) {
      const list = await fetchList(client, repository, subject);
      for (const { digest } of (list && listEntries(list)) ?? []) present.add(digest);
    }
    return { present, hasApi: listed !== undefined };
  }

  /** @returns false when it has no referrers of its own, or does not refer to the subject although it is listed for it */
  async #copyOne(digest: Digest, copied: CopiedReferrers): Promise<boolean> {
    const { client, repository } = this.#task.source;
    const { subject } = copied;
    const find = async (): Promise<RawManifest | undefined> => {
      const manifest = await client.getManifest(repository, digest);
      return manifest && readReferrer(manifest)?.subject === subject ? manifest : undefined;
    };
    const isSubject = await copyFound(this.#copy, this.#limit, find, async (manifest) => {
      const isAcknowledged = await copyReferrer(this.#task, this.#state, this.#copy, manifest, subject);
      const entry = readReferrer(manifest)?.entry;
      if (entry) this.#add(copied, entry, isAcknowledged);
      return entry !== undefined && mayBeSubject(entry);
    });
    return isSubject === true;
  }

  #add(copied: CopiedReferrers, entry: ListEntry, isAcknowledged: boolean): void {
    if (!copied.add(entry, isAcknowledged))
      throw this.#problem('the list of its referrers would be too large');
  }

  /**
   * Reads the target's list once, before the tag is written: some registries change it without a lock and lose referrers that they
   * acknowledged. What is missing is pushed again, and gets an entry in a list under a tag when it is still missing then.
   */
  async #ensureListed(copied: CopiedReferrers): Promise<void> {
    for (let isRetry = false; ; isRetry = true) {
      const missing = await this.#findUnlisted(copied);
      for (const { digest } of missing) {
        const { client, repository } = this.#task.target;
        const manifest = await client.getManifest(repository, digest);
        const referrer = manifest && readReferrer(manifest);
        if (!referrer)
          throw this.#problem(`the target does not have its referrer ${digest}, which was pushed`);
        const push = async (): Promise<boolean> => client.putManifest(repository, digest, manifest);
        const isAcknowledged =
          !isRetry && (await this.#state.referrerPushes.run(`${repository}@${copied.subject}`, push));
        copied.remove(digest);
        this.#add(copied, referrer.entry, isAcknowledged);
      }
      if (missing.length === 0 || isRetry) return;
    }
  }

  /** Those of the acknowledged referrers that the target does not list. */
  async #findUnlisted({ subject, acknowledged }: CopiedReferrers): Promise<Pick<ListEntry, 'digest'>[]> {
    const { client, repository } = this.#task.target;
    const listed = new Set((await listReferrers(client, repository, subject))?.map(({ digest }) => digest));
    return acknowledged.filter(({ digest }) => !listed.has(digest));
  }

  /** Makes sure that clients of the target find what was copied, and reports it. */
  async #publish({ subject, acknowledged, unlisted }: CopiedReferrers): Promise<void> {
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
    const count = lists.countNew(repository, [...acknowledged, ...added]);
    if (count > 0) this.#observer.onReferrersCopied(count);
  }

  #problem(what: string): CopyError {
    const { client, repository, digest } = this.#task.source;
    return new CopyError(`${client.registry}/${repository}@${digest}: ${what}`, { retryable: false });
  }
}

/** The referrers of one manifest that were copied. */
class CopiedReferrers {
  readonly subject: Digest;
  /** Referrers that the target lists itself. */
  readonly acknowledged: Pick<ListEntry, 'digest'>[] = [];
  /** Referrers that need an entry in a list under a tag. */
  readonly unlisted: ListEntry[] = [];
  readonly #hasApi: boolean;
  #size = 0;

  constructor(subject: Digest, hasApi: boolean) {
    this.subject = subject;
    this.#hasApi = hasApi;
  }

  /** Removes an acknowledged referrer. */
  remove(digest: Digest): void {
    const index = this.acknowledged.findIndex((one) => one.digest === digest);
    if (index >= 0) this.acknowledged.splice(index, 1);
  }

  /**
   * A registry lists a referrer itself only when it has the API and acknowledges the subject: ECR acknowledged subjects without
   * having the API, and some registries answer 200 to every path.
   *
   * @returns false when a list could not hold all entries
   */
  add(entry: ListEntry, isAcknowledged: boolean): boolean {
    if (this.#hasApi && isAcknowledged) {
      this.acknowledged.push({ digest: entry.digest });
      return true;
    }
    this.unlisted.push(entry);
    this.#size += JSON.stringify(entry).length;
    return this.#size <= MAX_LIST_BYTES;
  }
}

function mayBeSubject({ artifactType }: Pick<ListedReferrer, 'artifactType'>): boolean {
  return !SIGNATURE_TYPES.has(artifactType ?? '');
}
