import { type RegistryResponse, headerOf } from './http/message.ts';

/** The pull limit that a registry reports. */
export interface PullLimit {
  readonly remaining: number;
  /** The time over which pulls are counted, in milliseconds. */
  readonly window?: number;
}

/**
 * The pull limit in the headers of a response; undefined when it has none: `ratelimit-remaining: 20;w=21600`.
 * https://docs.docker.com/docker-hub/usage/pulls/
 */
export function pullLimitOf({ headers }: RegistryResponse): PullLimit | undefined {
  const header = headerOf(headers, 'ratelimit-remaining') ?? '';
  const [, remaining, seconds] = /^\s*(\d{1,9})(?:\s*;\s*w=(\d{1,9}))?/.exec(header) ?? [];
  if (remaining === undefined) return undefined;
  const window = seconds === undefined ? {} : { window: Number(seconds) * 1000 };
  return { remaining: Number(remaining), ...window };
}
