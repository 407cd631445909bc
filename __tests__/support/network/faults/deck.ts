import { createHash } from 'node:crypto';

/** Decides which requests go wrong, and how. */
export interface FaultDealer<Kind> {
  /** What goes wrong with the next request, if anything. */
  deal(fits: (kind: Kind) => boolean): Kind | undefined;
}

/**
 * Deals each of `kinds` once, in their order: one more becomes due with every `every`th request, and happens to the next request that
 * it fits. All of them happen, if there are enough requests, whatever the requests are.
 */
export class FaultSequence<Kind> implements FaultDealer<Kind> {
  readonly #kinds: readonly Kind[];
  readonly #every: number;
  readonly #due: Kind[] = [];
  #requests = 0;

  constructor(kinds: readonly Kind[], every: number) {
    this.#kinds = kinds;
    this.#every = every;
  }

  deal(fits: (kind: Kind) => boolean): Kind | undefined {
    this.#requests += 1;
    const next =
      this.#requests % this.#every === 0 ? this.#kinds[this.#requests / this.#every - 1] : undefined;
    if (next !== undefined) this.#due.push(next);
    return takeFirst(this.#due, fits);
  }
}

function takeFirst<Kind>(kinds: Kind[], fits: (kind: Kind) => boolean): Kind | undefined {
  const index = kinds.findIndex(fits);
  return index < 0 ? undefined : kinds.splice(index, 1)[0];
}

/**
 * Decides by a seed which requests go wrong, and how. Decks are dealt one after another. Each contains every kind once, and
 * as many blanks as the rate requires, so that no kind is omitted. A kind that does not fit the request that draws it is
 * kept for the next request that it fits.
 */
export class FaultDeck<Kind> implements FaultDealer<Kind> {
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

  deal(fits: (kind: Kind) => boolean): Kind | undefined {
    const card = this.#draw();
    if (card !== undefined) this.#hand.push(card);
    return takeFirst(this.#hand, fits);
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
