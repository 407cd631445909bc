import type {
  CopiedImage,
  Failure,
  ImageTags,
  NamespaceResult,
  RunResult,
} from '../../../src/report/result.ts';
import { NOTHING_DROPPED } from '../../../src/source/filters.ts';
import { digest } from '../../support/digests.ts';

/** A result in which nothing happened, but for what is given. */
export function namespaceResult(given: Partial<NamespaceResult> = {}): NamespaceResult {
  return {
    namespace: 'gcr.io/distroless',
    target: 'docker.io/gcrxio',
    copied: [],
    failures: [],
    unsupported: [],
    unchanged: 0,
    gone: [],
    pending: 0,
    settled: 0,
    dropped: NOTHING_DROPPED,
    recalled: 0,
    referrers: 0,
    referrerBytes: 0,
    unasked: 0,
    ...given,
  };
}

/** A run of 90 seconds, in which nothing happened, but for what is given. */
export function runResult(given: Partial<RunResult> = {}): RunResult {
  return {
    mode: 'sync',
    dryRun: false,
    started: new Date('2026-11-24T12:30:00Z'),
    finished: new Date('2026-11-24T12:31:30Z'),
    namespaces: [],
    errors: [],
    warnings: [],
    ...given,
  };
}

export function copied(image: string, given: Partial<CopiedImage> = {}): CopiedImage {
  return {
    image,
    target: `docker.io/gcrxio/${image}`,
    digest: digest(1),
    added: [],
    updated: [],
    bytes: 0,
    ...given,
  };
}

export function failure(image: string, tags: readonly string[], reason = 'manifest unknown'): Failure {
  return { image, tags, reason };
}

/** `count` tags of one image that are gone. */
export function gone(count: number): ImageTags[] {
  return [{ image: 'old', tags: Array.from({ length: count }, (_, index) => `v${index}`) }];
}
