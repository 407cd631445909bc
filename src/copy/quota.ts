import type { RegistryClient } from '../oci/client.ts';
import { RegistryError } from '../oci/errors.ts';
import { apiHost } from '../oci/names.ts';
import { formatCount, formatDuration } from '../report/format.ts';
import type { CopyTask } from './engine.ts';

/**
 * Watches the rate limits of registries: from one that has no pulls left, or that refuses for having been asked too much,
 * no further image is started. A thousand images that fail would help nobody; the next run goes on.
 */
export class Quota {
  /** Pulls that images under way may still take. */
  readonly #reserved = new Map<RegistryClient, number>();
  readonly #spent = new Map<string, string>();

  /** Why images were not started, registry by registry. */
  get reasons(): string[] {
    return Array.from(this.#spent.values());
  }

  /** True when `task` may start. Then `end` must be called for it. */
  begin({ source: { client }, target, pulls }: CopyTask): boolean {
    if (this.#spent.has(client.registry) || this.#spent.has(target.client.registry)) return false;
    const reserved = this.#reserved.get(client) ?? 0;
    const { pullLimit } = client;
    if (pullLimit !== undefined && pullLimit.remaining < reserved + pulls) {
      const when =
        pullLimit.window === undefined ? '' : `, which it counts over ${formatDuration(pullLimit.window)}`;
      this.#spent.set(
        client.registry,
        `${client.registry} allows ${formatCount(pullLimit.remaining)} more pulls${when}: no further image was started ` +
          `from there. The next run goes on${pullLimit.window === undefined ? '' : `, at the latest in ${formatDuration(pullLimit.window)}`}; logged in, most accounts may pull more`,
      );
      return false;
    }
    this.#reserved.set(client, reserved + pulls);
    return true;
  }

  end({ source: { client }, pulls }: CopyTask): void {
    this.#reserved.set(client, (this.#reserved.get(client) ?? 0) - pulls);
  }

  /** True when `error` says that a registry has been asked too much: what it was for is left to the next run. */
  isSpent(error: unknown, { source, target }: CopyTask): boolean {
    if (!(error instanceof RegistryError) || error.status !== 429) return false;
    const isTarget = error.registry === apiHost(target.client.registry);
    const { registry } = (isTarget ? target : source).client;
    const when = error.retryAfter === undefined ? 'later' : `in ${formatDuration(error.retryAfter)}`;
    this.#spent.set(
      registry,
      `${registry} has been asked too much (${error.message}): no further image was started. It asks to come back ${when}`,
    );
    return true;
  }
}
