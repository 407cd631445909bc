import { h } from './dom.ts';

/** Rows above and below the visible ones that exist as well, for smooth scrolling. */
const SPARE = 8;

export interface VirtualListOptions<T> {
  /** What screen readers call the list. */
  readonly label: string;
  /** Height of a row in pixels. */
  readonly heightOf: (item: T) => number;
  /** The content of a row: one link or button, which gets the focus. */
  readonly render: (item: T) => HTMLElement;
}

/**
 * A list that may have 100,000 rows: only those in view exist. Arrow keys, Page Up, Page Down, Home and End move the focus;
 * each row tells screen readers its place.
 */
export class VirtualList<T> {
  readonly element: HTMLElement;
  readonly #options: VirtualListOptions<T>;
  readonly #list = h('ul', { class: 'rows', role: 'list' });
  readonly #shown = new Map<number, HTMLElement>();
  #items: readonly T[] = [];
  /** The upper edge of each row, and the lower edge of the last. */
  #edges = new Float64Array(1);
  /** The row that has the focus, or had it last. It exists also when it is out of view. */
  #active = -1;

  constructor(options: VirtualListOptions<T>) {
    this.#options = options;
    this.#list.setAttribute('aria-label', options.label);
    this.element = h('div', { class: 'scroller' }, this.#list);
    this.element.addEventListener('scroll', () => this.#update(), { passive: true });
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
    this.#list.addEventListener('focusin', (event) => this.#onFocus(event));
    new ResizeObserver(() => this.#update()).observe(this.element);
  }

  /** Shows other items, from the first. */
  show(items: readonly T[]): void {
    this.#items = items;
    this.#active = -1;
    const edges = new Float64Array(items.length + 1);
    for (const [index, item] of items.entries())
      edges[index + 1] = (edges[index] ?? 0) + this.#options.heightOf(item);
    this.#edges = edges;
    this.#list.style.height = `${edges.at(-1) ?? 0}px`;
    this.refresh();
    this.element.scrollTop = 0;
  }

  /** Renders the rows again: what they look like may have changed. */
  refresh(): void {
    this.#shown.clear();
    this.#list.replaceChildren();
    this.#update();
  }

  /** Gives the focus to a row and brings it into view. */
  focus(index: number): void {
    if (index < 0 || index >= this.#items.length) return;
    this.#active = index;
    this.reveal(index);
    this.#update();
    const row = this.#shown.get(index)?.querySelector('a, button');
    if (row instanceof HTMLElement) row.focus({ preventScroll: true });
  }

  /** Scrolls as little as it takes to see a row. */
  reveal(index: number): void {
    const [top, bottom] = [this.#edges[index] ?? 0, this.#edges[index + 1] ?? 0];
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.element.scrollTop = bottom - clientHeight;
  }

  #update(): void {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, this.#rowAt(scrollTop) - SPARE);
    const last = Math.min(this.#items.length, this.#rowAt(scrollTop + clientHeight) + 1 + SPARE);
    const wanted = new Set<number>();
    for (let index = first; index < last; index += 1) wanted.add(index);
    if (this.#active >= 0 && this.#active < this.#items.length) wanted.add(this.#active);
    for (const [index, row] of this.#shown) {
      if (wanted.has(index)) continue;
      row.remove();
      this.#shown.delete(index);
    }
    for (const index of Array.from(wanted).toSorted((a, b) => a - b))
      if (!this.#shown.has(index)) this.#add(index);
  }

  #add(index: number): void {
    const item = this.#items[index];
    if (item === undefined) return;
    const row = h(
      'li',
      { class: 'row', 'aria-setsize': this.#items.length, 'aria-posinset': index + 1, 'data-index': index },
      this.#options.render(item),
    );
    row.style.transform = `translateY(${this.#edges[index] ?? 0}px)`;
    row.style.height = `${this.#options.heightOf(item)}px`;
    this.#shown.set(index, row);
    // In the order of the list, which is the order in which Tab and screen readers go.
    const next = Array.from(this.#shown.keys()).filter((other) => other > index);
    const before = next.length === 0 ? undefined : this.#shown.get(Math.min(...next));
    this.#list.insertBefore(row, before ?? null);
  }

  /** The row at a height, by halving. */
  #rowAt(y: number): number {
    let [low, high] = [0, this.#items.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#edges[middle + 1] ?? 0) <= y) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #onFocus({ target }: FocusEvent): void {
    const row = target instanceof Element ? target.closest('li') : null;
    if (row instanceof HTMLElement && row.dataset['index'] !== undefined)
      this.#active = Number(row.dataset['index']);
  }

  #onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.element.clientHeight / 48) - 1);
    const last = this.#items.length - 1;
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: Math.min(last, this.#active + page),
      PageUp: Math.max(0, this.#active - page),
      Home: 0,
      End: last,
    };
    const to = moves[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (to < 0) this.element.dispatchEvent(new CustomEvent('leave-upwards', { bubbles: true }));
    else this.focus(Math.min(last, to));
  }
}
