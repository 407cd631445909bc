import type { Catalogue } from './catalogue.ts';
import { serializeCatalogue } from './catalogue-file.ts';

const PLACEHOLDER = '{{catalogue}}';

/** By this, the page of an earlier run is told from a page that somebody wrote. */
const GENERATOR = '<meta name="generator" content="gcrxio/sync-action catalogue" />';

/**
 * The file `index.html`: the page with the data inside, so that it works when it is opened as a file.
 *
 * @param template the page as it was built, with a placeholder for the data
 * @throws Error if it has none
 */
export function renderPage(template: string, catalogue: Catalogue): string {
  const [before, after, ...more] = template.split(PLACEHOLDER);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`The catalogue's page must have ${PLACEHOLDER} once`);
  // Names can't hold "<", but the platforms that a registry reports can: nothing may end the element that the data is in.
  const data = serializeCatalogue(catalogue).replaceAll('<', String.raw`\u003c`);
  return before + data + after;
}

/** True for a page that this action wrote. */
export function isOwnPage(html: string): boolean {
  return html.includes(GENERATOR);
}
