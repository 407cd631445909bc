import type { EngineName } from '../mirror/mode.ts';
import type { Namespace } from '../mirror/namespace.ts';
import type { NamespaceWork } from './namespace-work.ts';

/** How fast a job copies. */
interface Pace {
  readonly bytesPerSecond: number;
  /** Seconds that a tag takes whatever its size, with as many at a time as the engine copies by default. */
  readonly secondsPerTag: number;
}

/**
 * The seconds for each tag are measured: 2,100 small images at 40 ms between client and registry (docs/performance.md), and for docker
 * 40 images. The bytes are an assumption about a GitHub-hosted runner and a cloud's registry: about half of what its network is able to.
 */
const CLOUD: Readonly<Record<EngineName, Pace>> = {
  registry: { bytesPerSecond: 50_000_000, secondsPerTag: 0.02 },
  // Docker unpacks each layer and packs it again.
  docker: { bytesPerSecond: 15_000_000, secondsPerTag: 0.25 },
};
/** Docker Hub and Quay accept pushes more slowly, and limit requests. An assumption too: three times the time. */
const LIMITED_FACTOR = 3;
const LIMITED = new Set(['docker.io', 'quay.io']);

/** The size of an image whose size the source does not report: an assumption. */
const USUAL_BYTES = 60_000_000;

/** What copying takes depends on. */
export interface JobCountOptions {
  /** Milliseconds of copying that a job should take. */
  readonly jobTime: number;
  readonly engine: EngineName;
  readonly targets: readonly Namespace[];
}

/**
 * The smallest number of jobs that copy `works` in about the wanted time, at least one. A job costs its start, and a minute of
 * bill at least: two small tags are not worth two jobs.
 */
export function jobCount(works: readonly NamespaceWork[], options: JobCountOptions): number {
  return Math.max(1, Math.ceil((copySeconds(works, options) * 1000) / options.jobTime));
}

/** Estimated seconds that one job would take for all of `works`. */
export function copySeconds(
  works: readonly NamespaceWork[],
  { engine, targets }: Omit<JobCountOptions, 'jobTime'>,
): number {
  const { bytesPerSecond, secondsPerTag } = CLOUD[engine];
  const isLimited = ({ registry }: Namespace): boolean => LIMITED.has(registry);
  const seconds = works.reduce((sum, { namespace, images }) => {
    const factor = isLimited(namespace) || targets.some(isLimited) ? LIMITED_FACTOR : 1;
    const tags = images.reduce((all, image) => all + image.tags, 0);
    const bytes = images.reduce((all, image) => all + image.bytes + image.unsized * USUAL_BYTES, 0);
    return sum + factor * (bytes / bytesPerSecond + tags * secondsPerTag);
  }, 0);
  return seconds;
}
