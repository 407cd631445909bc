import { createHash } from 'node:crypto';

/**
 * Decides by a seed which requests go wrong, and how. Decks are dealt one after another. Each contains every kind once, and
 * as many blanks as the rate requires, so that no kind is omitted. A kind that does not fit the request that draws it is
 * kept for the next request that it fits.
 */
export class FaultDeck<Kind> {
  readonly #kinds: readonly Kind[];
  readonly #blanks: number;
  readonly #seed: string;
  readonly #hand: Kind[] = [];
  #cards: (Kind | undefined)[] = [];
  #drawn = 0;

  /** @param rate share of the requests that go wrong, such as 0.2 */
  constructor(kinds: readonly Kind[], rate: number, seed: string) {
    this.#kinds = kinds;
    this.#blanks = Math.round(kinds.length / rate) - kinds.length;
    this.#seed = seed;
  }

  /** What goes wrong with the next request, if anything. */
  deal(fits: (kind: Kind) => boolean): Kind | undefined {
    const card = this.#draw();
    if (card !== undefined) this.#hand.push(card);
    const index = this.#hand.findIndex(fits);
    return index < 0 ? undefined : this.#hand.splice(index, 1)[0];
  }

  #draw(): Kind | undefined {
    if (this.#cards.length === 0) {
      const blanks = Array.from({ length: this.#blanks }, () => undefined);
      const order = [...this.#kinds, ...blanks].map((kind) => ({ kind, rank: this.#number() }));
      this.#cards = order.toSorted((a, b) => a.rank - b.rank).map(({ kind }) => kind);
    }
    return this.#cards.pop();
  }

  /** The next number of a pseudo-random sequence. */
  #number(): number {
    this.#drawn += 1;
    return createHash('sha256').update(`${this.#seed} ${this.#drawn}`).digest().readUInt32BE();
  }
}
