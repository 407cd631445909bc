import type { NamespacePlan } from '../../src/modes/prepare.ts';
import { NOTHING_DROPPED } from '../../src/source/filters.ts';

/** The plan of a namespace in which nothing is to be done, but for what is given. */
export function namespacePlan(given: Partial<NamespacePlan> = {}): NamespacePlan {
  const namespace = { registry: 'gcr.io', path: 'ns' };
  return {
    settings: {
      namespace,
      target: { registry: 'docker.io', path: 'mirror' },
      targetName: '{image}',
      platforms: 'all',
      referrers: false,
      filters: { include: [], exclude: [] },
    },
    manifestPath: 'gcr.io/ns.json',
    recorded: { source: 'gcr.io/ns', target: 'docker.io/mirror', images: new Map() },
    listing: { namespace, images: new Map(), failures: [] },
    left: new Map(),
    dropped: NOTHING_DROPPED,
    recalled: 0,
    unsupported: [],
    targets: new Map(),
    work: [],
    unsettled: [],
    settled: new Map(),
    unchanged: 0,
    gone: [],
    ...given,
  };
}
