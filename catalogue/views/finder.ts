import type { App } from '../app.ts';
import { byId, h, icon, marked } from '../dom.ts';
import { linkTo } from '../reference.ts';
import { type Query, type Row, parseQuery, search } from '../search.ts';
import { VirtualList } from '../virtual-list.ts';

const IMAGE_HEIGHT = 56;
const TAG_HEIGHT = 36;

/** The search field with its list of results. */
export class Finder {
  readonly #app: App;
  readonly #input: HTMLInputElement;
  readonly #status = byId('status');
  readonly #empty = byId('nothing');
  readonly #list: VirtualList<Row>;
  #rows: readonly Row[] = [];
  /** The name at the mirror of the image that is shown. */
  #opened: string | undefined;
  #query: Query = { terms: [], words: [] };

  constructor(app: App, input: HTMLInputElement) {
    this.#app = app;
    this.#input = input;
    this.#list = new VirtualList<Row>({
      label: app.texts().list,
      heightOf: ({ kind }) => (kind === 'image' ? IMAGE_HEIGHT : TAG_HEIGHT),
      render: (row) => this.#render(row),
    });
    byId('results').replaceChildren(this.#list.element);
    input.addEventListener('input', () => this.search());
    input.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowDown') return;
      event.preventDefault();
      this.#list.focus(0);
    });
    this.#list.element.addEventListener('leave-upwards', () => input.focus());
  }

  /** Sets what is searched for. */
  set query(text: string) {
    this.#input.value = text;
    this.search();
  }

  search(): void {
    const text = this.#input.value.trim();
    this.#query = parseQuery(text);
    const rows = search(this.#app.data, this.#query);
    this.#rows = rows;
    this.#list.show(rows);
    this.#empty.hidden = rows.length > 0;
    const { results, images } = this.#app.texts();
    const count = this.#app.number(rows.length);
    this.#status.textContent = text === '' ? images(count) : results(count);
    if (this.#app.route().kind === 'home')
      history.replaceState(null, '', text === '' ? '#' : `#?q=${encodeURIComponent(text)}`);
  }

  /** Scrolls the list to an image. */
  reveal(ref: string): void {
    const index = this.#rows.findIndex(({ image }) => image.ref === ref);
    if (index >= 0) this.#list.reveal(index);
  }

  /** Marks the row of the image that is shown. */
  refresh(opened: string | undefined): void {
    this.#opened = opened;
    this.#list.refresh();
  }

  #render(row: Row): HTMLElement {
    const route = this.#app.route();
    const { ref, mirror } = row.image;
    const place = this.#app.data.placeOf(row.image);
    const isHere = place === undefined || this.#opened === mirror;
    const isOpen = route.kind === 'image' && route.ref === ref && isHere;
    if (row.kind === 'more')
      return h(
        'a',
        { class: 'tag-row more', href: linkTo(ref, undefined, place) },
        this.#app.texts().more(this.#app.number(row.count)),
      );
    if (row.kind === 'tag')
      return h(
        'a',
        {
          class: 'tag-row',
          href: linkTo(ref, row.tag, place),
          title: `${ref}:${row.tag}`,
          'aria-current': isOpen && route.tag === row.tag && 'page',
        },
        h('span', { class: 'clip' }, ...marked(row.tag, this.#query.words)),
      );
    return h(
      'a',
      {
        class: 'image-row',
        href: linkTo(ref, undefined, place),
        title: ref,
        'aria-current': isOpen && 'page',
      },
      ...this.#name(row.image.part.source, ref, place),
      h('span', { class: 'count' }, this.#tags(row.image.tagCount)),
    );
  }

  /** The image's name, and below it where it comes from. Of a long path the end stays in view. */
  #name(source: string, ref: string, place: string | undefined): HTMLElement[] {
    const { words } = this.#query;
    const name = ref.slice(source.length + 1);
    const slash = name.lastIndexOf('/') + 1;
    return [
      h(
        'span',
        { class: 'name' },
        slash > 0 ? h('span', { class: 'clip path' }, ...marked(name.slice(0, slash), words)) : undefined,
        h('span', { class: 'clip last' }, ...marked(name.slice(slash), words)),
      ),
      h(
        'span',
        { class: 'from clip' },
        ...marked(place === undefined ? source : `${source} → ${place}`, words),
      ),
    ];
  }

  #tags(count: number): string {
    const { tags, oneTag } = this.#app.texts();
    return count === 1 ? oneTag : tags(this.#app.number(count));
  }
}

/** The parts of the finder that stay, in the page's language. */
export function labelFinder({ texts }: App, input: HTMLInputElement): void {
  const { search: label, placeholder, nothing, nothingHint } = texts();
  input.setAttribute('aria-label', label);
  input.placeholder = placeholder;
  byId('nothing').replaceChildren(
    icon('search'),
    h('p', {}, h('strong', {}, nothing)),
    h('p', {}, nothingHint),
  );
}
