import { SingleFlight } from '../async.ts';

/** Tokens take a few kilobytes each. */
const MAX_TOKENS = 1000;

export interface Token {
  /** The `Authorization` value. */
  readonly header: string;
  /** When to request the next one, in milliseconds since the epoch. */
  readonly renewAt: number;
}

/** Keeps tokens until they expire. Callers that need the same token at the same time share one request for it. */
export class TokenCache {
  readonly #tokens = new Map<string, Token>();
  readonly #requests = new SingleFlight<Token>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** The `Authorization` value kept under `key`, or that of the token which `request` returns. */
  async get(key: string, request: () => Promise<Token>): Promise<string> {
    const kept = this.#tokens.get(key);
    if (kept && kept.renewAt > this.#clock()) return kept.header;
    const token = await this.#requests.run(key, async () => {
      const requested = await request();
      this.set(key, requested);
      return requested;
    });
    return token.header;
  }

  /** Keeps `token`, and drops the oldest ones: a run may visit more repositories than are worth a token each. */
  set(key: string, token: Token): void {
    this.#tokens.delete(key);
    this.#tokens.set(key, token);
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= MAX_TOKENS) return;
      this.#tokens.delete(oldest);
    }
  }

  /**
   * Drops the token whose `Authorization` value was refused. The refusal of an old token may arrive after its successor:
   * the successor is kept.
   */
  drop(key: string, refused: string): void {
    if (this.#tokens.get(key)?.header === refused) this.#tokens.delete(key);
  }
}
