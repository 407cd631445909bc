import type { Platforms } from '../mirror/platforms.ts';
import type { RegistryClient } from '../oci/client.ts';
import type { Digest } from '../oci/digest.ts';

/** Copy this digest from here to there, under these tags, for these platforms. */
export interface CopyTask {
  readonly source: {
    readonly client: RegistryClient;
    readonly repository: string;
    readonly digest: Digest;
    /** Absent where the source does not tell. */
    readonly mediaType?: string;
  };
  readonly target: { readonly client: RegistryClient; readonly repository: string };
  /** None when the target has the image already, and only what refers to it is wanted. */
  readonly tags: readonly string[];
  readonly platforms: Platforms;
  /** Manifests that it asks the source for, about: so many requests count against a pull limit. */
  readonly pulls: number;
  /** The target is recorded to hold the digest in this repository, under another tag. */
  readonly present: boolean;
  /** To be awaited right before `tag` is written at the target; throws when it must not be. */
  readonly beforeOverwrite: (tag: string) => Promise<void>;
  /** Set where what refers to the image is copied with it. Only the registry engine can. */
  readonly referrers?: ReferrersTask;
}

/** What is to know for copying what refers to an image. */
export interface ReferrersTask {
  /** The tags of the source's repository. */
  readonly sourceTags: Pick<ReadonlySet<string>, 'has'>;
  /** Those of them that follow some image and are not mirrored for any other reason. */
  readonly unmatchedDigestTags: Pick<ReadonlySet<string>, 'has'>;
}

/** What the target holds under a tag, as the target itself says. */
export interface VerifiedTag {
  readonly digest: Digest;
  /** Set when an index was reduced to these platforms. */
  readonly platforms?: readonly string[];
}

/** What moves images. */
export interface Engine {
  /** Tasks that it takes at a time. */
  readonly width: number;
  /**
   * Copies `task`, and calls `held` for each tag once the target's digest was read back.
   *
   * @param referred told how many manifests that refer to the image were copied, as often as some were
   * @returns bytes sent to the target
   * @throws CopyError, RegistryError; tags not yet told of are not mirrored
   */
  copy(
    task: CopyTask,
    held: (tag: string, what: VerifiedTag) => void,
    referred?: (count: number) => void,
  ): Promise<number>;
  /** Removes what the engine left on this machine. Never throws. */
  close(): Promise<void>;
}
