import type { Outcome } from '../copy/pool.ts';
import { imageOf } from '../mirror/image-key.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import type { ImageLine } from './log.ts';
import { targetNameOf } from './result-of.ts';

/** The lines of the log about one piece of work: one for the tags that were copied, and one for those that were not. */
export function imageLinesOf(plan: NamespacePlan, outcome: Outcome): ImageLine[] {
  const { work, verifiedTags, bytes, durationMs = 0, error, referrers = 0, mounts = 0, platforms } = outcome;
  const { image, added, updated } = work;
  const tags = [...added, ...updated];
  const verified = tags.filter((tag) => verifiedTags.has(tag));
  const missing = tags.filter((tag) => !verifiedTags.has(tag));
  // The target's name follows.
  const line = {
    image: imageOf(image),
    target: targetNameOf(plan, image),
    bytes,
    durationMs,
    mounted: mounts,
    referrers,
  };
  const details = platforms === undefined ? {} : { platforms };
  const lines: ImageLine[] = [];
  if (verified.length > 0) {
    const kind = updated.some((tag) => verifiedTags.has(tag)) ? 'updated' : 'added';
    lines.push({ ...line, ...details, kind, tags: verified });
  } else if (referrers > 0) {
    lines.push({ ...line, kind: 'referrers', tags: [] });
  }
  if (error !== undefined) lines.push({ ...line, kind: 'failed', tags: missing, error });
  else if (outcome.isPending === true && missing.length > 0)
    lines.push({ ...line, kind: 'pending', tags: missing });
  return lines;
}
