import type { Platforms } from '../mirror/platforms.ts';
import type { RegistryClient } from '../oci/client.ts';
import type { Digest } from '../oci/digest.ts';

/** One digest to copy from a source to a target, under these tags, for these platforms. */
export interface CopyTask {
  readonly source: {
    readonly client: RegistryClient;
    readonly repository: string;
    readonly digest: Digest;
    /** Absent where the source does not state it. */
    readonly mediaType?: string;
  };
  readonly target: { readonly client: RegistryClient; readonly repository: string };
  /** Empty when the target already has the image and only its new referrers are wanted. */
  readonly tags: readonly string[];
  readonly platforms: Platforms;
  /** Estimated number of manifests read from the source: these requests count against a pull limit. */
  readonly pulls: number;
  /** True when the record says that the target has the digest in this repository, under another tag. */
  readonly present: boolean;
  /**
   * Number of tasks that copy this digest from this repository, to several targets or under several names: what they read is shared.
   * Absent: 1.
   */
  readonly readers?: number;
  /**
   * The digests that the record says were mirrored under tags, as they were at the source. What the target has under a digest tag
   * is the owner's when it is another one.
   */
  readonly mirrored?: ReadonlyMap<string, Digest>;
  /** Set where the image's referrers are copied with it. Only the registry engine can do that. */
  readonly referrers?: ReferrersTask;
}

/** What must be known of the source to copy an image's referrers. */
export interface ReferrersTask {
  /** The tags of the source's repository. */
  readonly sourceTags: Pick<ReadonlySet<string>, 'has'>;
  /** Those of them that are digest tags and are not mirrored for any other reason. */
  readonly unmatchedDigestTags: Pick<ReadonlySet<string>, 'has'>;
}

/** What the target holds under a tag, as the target itself says. */
export interface VerifiedTag {
  readonly digest: Digest;
  /** Set when an index was reduced to these platforms. */
  readonly platforms?: readonly string[];
}

/** Follows one copy while it runs: what was done before a failure counts, too. */
export interface CopyObserver {
  /** Awaited right before `tag` is written at the target. Throws when the tag must not be written. */
  beforeOverwrite(tag: string): Promise<void>;
  /** Called for each tag once its digest was read back from the target. */
  onTagVerified(tag: string, verified: VerifiedTag): void;
  /** Called for a tag under which the target has something of its own that can't be merged with the source's, and that was kept. */
  onTagKept(tag: string): void;
  /** Called with the number of referrers that were copied, each time that some were. */
  onReferrersCopied(count: number): void;
  /** Called with the platforms of an index, in canonical form, when only some of them are wanted. */
  onPlatforms?(platforms: readonly string[]): void;
  /** Called with the number of platforms of the image, when the engine knows it. */
  onPlatformCount?(count: number): void;
}

/** Copies images from a source registry to a target registry. */
export interface Engine {
  /** Number of tasks that it takes at the same time. */
  readonly width: number;
  /**
   * Copies `task` and reports each step to `observer`. A tag that was not reported as verified is not mirrored.
   *
   * @returns number of bytes sent to the target
   * @throws CopyError, RegistryError
   */
  copy(task: CopyTask, observer: CopyObserver): Promise<number>;
  /** Removes what the engine left on this machine. Never throws. */
  close(): Promise<void>;
}
