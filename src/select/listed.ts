import type { ListedTag, Listing } from '../mirror/listing.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import type { CompiledFilters } from './compiled-filters.ts';
import type { Selection } from './select.ts';

/** A namespace as its source lists it, and what the filters make of that. */
export interface Listed {
  readonly settings: NamespaceSettings;
  readonly filters: CompiledFilters;
  readonly listing: Listing<ListedTag>;
  readonly selection: Selection;
}
