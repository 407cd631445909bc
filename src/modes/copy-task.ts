import type { CopyTask } from '../copy/engine.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { imageOf, targetPathOf } from '../mirror/image-key.ts';
import { type Work, hasDigestTags } from '../mirror/work.ts';
import type { Digest } from '../oci/digest.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import { estimatePulls } from '../plan/pulls.ts';
import type { Deps } from './deps.ts';

/** The engine's task for one piece of work. */
export function copyTaskOf(
  work: Work,
  plan: NamespacePlan,
  { engine }: Pick<Inputs, 'engine'>,
  { registries }: Pick<Deps, 'registries'>,
): CopyTask {
  const { namespace, target } = plan.settings;
  const { platforms, referrers: wantsReferrers } = work.settings ?? plan.settings;
  const { digest, mediaType } = work.descriptor;
  const referrers = wantsReferrers ? plan.referrers : undefined;
  const image = imageOf(work.image);
  return {
    source: {
      client: registries.source(namespace.registry),
      repository: work.repository,
      digest,
      ...(mediaType !== undefined && { mediaType }),
    },
    target: {
      client: registries.target(target.registry),
      repository: targetPathOf(plan.settings, work.image),
    },
    tags: [...work.added, ...work.updated],
    platforms: hasDigestTags(work) ? 'all' : platforms,
    pulls: estimatePulls(work, { engine, platforms, referrers: referrers !== undefined }),
    present: isRecorded(plan, work),
    mirrored: mirroredDigests(plan, work),
    ...(referrers && {
      referrers: {
        sourceTags: referrers.listed.get(image)?.tags ?? new Set(),
        unmatchedDigestTags: plan.unmatchedDigestTags.get(image)?.tags ?? new Set(),
      },
    }),
  };
}

/** True when another tag of the image is recorded with the same digest, so that the target should have it. */
function isRecorded({ recorded }: NamespacePlan, { image, descriptor }: Work): boolean {
  const entries = recorded.images.get(image)?.values() ?? [];
  return Iterator.from(entries).some((entry) => entry === descriptor.digest);
}

/** The recorded digests of tags that move, where the target had the same: what it has under another digest is its owner's. */
function mirroredDigests({ recorded }: NamespacePlan, { image, updated }: Work): Map<string, Digest> {
  const entries = recorded.images.get(image);
  const digests = updated.map((tag) => [tag, entries?.get(tag)] as const);
  return new Map(digests.filter((entry): entry is [string, Digest] => typeof entry[1] === 'string'));
}
