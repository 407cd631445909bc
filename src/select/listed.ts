import type { ListedTag, Listing } from '../mirror/listing.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import type { CompiledFilters } from './compiled-filters.ts';
import type { Selection } from './select.ts';

/** A namespace as its source lists it, and what the filters select from that. */
export interface Listed {
  readonly settings: NamespaceSettings;
  /** `gcr.io/distroless` */
  readonly name: string;
  readonly filters: CompiledFilters;
  readonly listing: Listing<ListedTag>;
  readonly selection: Selection;
}
