/** What may be inside an element. Text stays text: nothing here or elsewhere on the page is parsed as HTML. */
export type Child = Node | string | undefined;

type Properties = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;

/** Makes an element. Functions become listeners (`onclick`), everything else attributes; undefined and false leave one out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(key.replace(/^on/, ''), value);
    else if (value !== undefined && value !== false)
      element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Paths of the icons, 24 by 24. */
const ICONS = {
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm5-1.5L21 21',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  done: 'm5 13 4 4L19 7',
  back: 'M15 5 8 12l7 7',
  theme: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-18v18M12 7h4M12 12h8.5M12 17h4',
  globe: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-18c3 3 3 15 0 18M12 3c-3 3-3 15 0 18M3.5 9h17M3.5 15h17',
} as const;

export type IconName = keyof typeof ICONS;

/** A drawing that screen readers skip: what it stands on has a name. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true' }))
    svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** The element with an ID that the page always has. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element #${id}`);
  return element;
}

/** `text` with the first place of each word marked. Words are in lower case. */
export function marked(text: string, words: readonly string[]): Child[] {
  const lower = text.toLowerCase();
  const places = words
    .map((word) => ({ at: lower.indexOf(word), length: word.length }))
    .filter(({ at, length }) => at >= 0 && length > 0)
    .toSorted((a, b) => a.at - b.at);
  const children: Child[] = [];
  let done = 0;
  for (const { at, length } of places) {
    if (at < done) continue;
    children.push(text.slice(done, at), h('mark', {}, text.slice(at, at + length)));
    done = at + length;
  }
  return [...children, text.slice(done)];
}
