/** What the inputs are read from. */
export interface InputSource {
  /** An input's trimmed text, with action.yml's default; empty when there is neither. */
  readonly get: (name: string) => string;
  /** The event that started the workflow, `schedule` or `pull_request`. */
  readonly eventName: string;
  /** The event's payload, as the runner leaves it in a file. */
  readonly event: unknown;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Registers a secret with the log. */
  readonly mask: (secret: string) => void;
}
