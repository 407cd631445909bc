import * as v from 'valibot';
import { FIRST_ISSUE } from './manifest.ts';
import type { ReadPage } from './pages.ts';

const TagList = v.object({ tags: v.optional(v.nullable(v.array(v.string()))) });

/** Reads one page of a tag list. Some registries link an empty page to itself: an empty page is the last one. */
export const readTagList: ReadPage<string> = ({ json, next }) => {
  const list = v.safeParse(TagList, json, FIRST_ISSUE);
  if (!list.success) return undefined;
  const items = list.output.tags ?? [];
  return { items, next: items.length === 0 ? undefined : next };
};
