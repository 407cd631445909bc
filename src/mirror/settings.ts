import type { Digest } from '../oci/digest.ts';
import type { Filters } from './filters.ts';
import type { Namespace } from './namespace.ts';
import type { Platforms } from './platforms.ts';

/** How one source namespace is mirrored to one target. */
export interface NamespaceSettings {
  readonly namespace: Namespace;
  readonly target: Namespace;
  /** Template of the target's repositories. */
  readonly targetName: string;
  readonly platforms: Platforms;
  /** Whether the referrers of an image (signatures, attestations, SBOMs) are mirrored with it. */
  readonly referrers: boolean;
  readonly filters: Filters;
  /** Images of the namespace that a list names, with settings of their own. Absent: none. */
  readonly list?: readonly ListedImageSettings[];
  /** True when only the images of the list are mirrored. The other settings say nothing then. */
  readonly isListOnly?: true;
}

/** How one image that a list names is mirrored. One image may occur several times in a list. */
export interface ListedImageSettings {
  /** The repository's path inside its namespace. */
  readonly image: string;
  /** Looked up by name; the repository is not listed. Absent: all tags that the filters select. */
  readonly references?: readonly ExactReference[];
  /** Templates of the target's repositories: the image gets each of these names. */
  readonly names: readonly string[];
  readonly platforms: Platforms;
  readonly referrers: boolean;
  readonly filters: Filters;
}

/** How one tag is mirrored. */
export type TagSettings = Pick<NamespaceSettings, 'platforms' | 'referrers'>;

/** The settings of a tag, by the key of its image; undefined for those of its namespace. */
export type SettingsOf = (key: string, tag: string) => TagSettings | undefined;

/** A tag, a digest, or a tag with the digest that it is to have: one of both is set. */
export interface ExactReference {
  readonly tag?: string;
  readonly digest?: Digest;
}
