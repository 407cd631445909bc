import { formatCount } from '../mirror/format.ts';
import { type Catalogue, countCatalogue } from './catalogue.ts';

/**
 * The file `badge.json`, in the form of shields.io's endpoint badge: the number of mirrored tags and the day of the last run.
 * It is the only file that a run without changes may write: once a day. shields.io refuses other keys than its own.
 * https://shields.io/badges/endpoint-badge
 */
export function renderBadge(catalogue: Catalogue, now: Date): string {
  const { tags } = countCatalogue(catalogue);
  const badge = {
    schemaVersion: 1,
    label: 'mirror',
    message: `${formatCount(tags)} ${tags === 1 ? 'tag' : 'tags'} · ${now.toISOString().slice(0, 10)}`,
    color: 'blue',
  };
  return `${JSON.stringify(badge, null, 2)}\n`;
}

/** True for a badge that this action wrote. */
export function isOwnBadge(text: string): boolean {
  return /^\{\s*"schemaVersion": 1,\s*"label": "mirror",/.test(text);
}
