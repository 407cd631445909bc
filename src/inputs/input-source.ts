/** An input that names a file of the workflow's repository. */
export type FileInput = 'config' | 'images-file';

/** What the inputs are read from: the runner's environment, or a test's. */
export interface InputSource {
  /** Returns an input's trimmed text or else action.yml's default; empty when there is neither. */
  readonly get: (name: string) => string;
  /** The event that started the workflow, such as `schedule` or `pull_request`. */
  readonly eventName: string;
  /** The event's payload, which the runner leaves in a file. */
  readonly event: unknown;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The operating system, by Node's name: `linux`, `darwin`, `win32`. */
  readonly platform: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Registers a secret with the log. */
  readonly mask: (secret: string) => void;
}
