import type { Filters } from './filters.ts';
import type { Namespace } from './namespace.ts';
import type { Platforms } from './platforms.ts';

/** How one source namespace is mirrored. */
export interface NamespaceSettings {
  readonly namespace: Namespace;
  readonly target: Namespace;
  /** Template of the target's repositories. */
  readonly targetName: string;
  readonly platforms: Platforms;
  /** Whether the referrers of an image (signatures, attestations, SBOMs) are mirrored with it. */
  readonly referrers: boolean;
  readonly filters: Filters;
}
