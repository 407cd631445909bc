import type { ListedTag, Listing } from '../mirror/listing.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import type { Rule } from './rules.ts';
import type { Selection } from './select.ts';

/** A rule, what the source has of the images that it concerns, and what its filters select from that. */
export interface ListedRule extends Rule {
  readonly listing: Listing<ListedTag>;
  readonly selection: Selection;
}

/** What is selected of a namespace for one target. */
export interface Listed {
  readonly settings: NamespaceSettings;
  /** `gcr.io/distroless` */
  readonly name: string;
  /** The most specific first. */
  readonly rules: readonly ListedRule[];
}
