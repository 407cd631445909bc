import { formatCount, formatDuration } from '../mirror/format.ts';
import type { RegistryClient } from '../oci/client.ts';
import { RegistryError } from '../oci/errors.ts';
import { apiHost } from '../oci/names.ts';
import type { PullLimit } from '../oci/pull-limit.ts';
import type { CopyTask } from './engine.ts';

/**
 * Watches the rate limits of registries: from one that has no pulls left, or that refuses for having been asked too much,
 * no further image is started. A thousand images that fail would help nobody; the next run goes on.
 */
export class PullLimits {
  /** Pulls that images under way may still take. */
  readonly #reserved = new Map<RegistryClient, number>();
  readonly #spent = new Map<string, string>();
  /** Resolved when the next image of a registry ends. */
  readonly #waiting = new Map<RegistryClient, PromiseWithResolvers<void>>();

  /** Why images were not started, registry by registry. */
  get reasons(): string[] {
    return Array.from(this.#spent.values());
  }

  /**
   * True when `task` may start. Then `end` must be called for it. Where images under way may take all pulls that are left, their
   * ends are waited for: most take less than they might.
   */
  async begin({ source: { client }, target, pulls }: CopyTask): Promise<boolean> {
    for (;;) {
      if (this.#spent.has(client.registry) || this.#spent.has(target.client.registry)) return false;
      const reserved = this.#reserved.get(client) ?? 0;
      const { pullLimit } = client;
      if (pullLimit === undefined || pullLimit.remaining >= reserved + pulls) {
        this.#reserved.set(client, reserved + pulls);
        return true;
      }
      if (reserved > 0) await this.#nextEnd(client);
      else this.#spent.set(client.registry, describeLimit(client.registry, pullLimit));
    }
  }

  end({ source: { client }, pulls }: CopyTask): void {
    this.#reserved.set(client, (this.#reserved.get(client) ?? 0) - pulls);
    this.#waiting.get(client)?.resolve();
    this.#waiting.delete(client);
  }

  /** When an image of `client` that is under way has ended. */
  async #nextEnd(client: RegistryClient): Promise<void> {
    let waiting = this.#waiting.get(client);
    if (!waiting) this.#waiting.set(client, (waiting = Promise.withResolvers<void>()));
    return waiting.promise;
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

function describeLimit(registry: string, { remaining, window }: PullLimit): string {
  const left = `${registry} allows ${formatCount(remaining)} more pulls`;
  const loggedIn = 'logged in, most accounts may pull more';
  if (window === undefined)
    return `${left}: no further image was started from there. The next run goes on; ${loggedIn}`;
  const time = formatDuration(window);
  return (
    `${left}, which it counts over ${time}: no further image was started from there. The next run goes on, at the ` +
    `latest in ${time}; ${loggedIn}`
  );
}
