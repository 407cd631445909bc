import type { Failure } from '../mirror/failure.ts';
import type { NamespaceResult } from '../mirror/result.ts';

/** Failures with one cause: one wrong password can fail a thousand images. */
export interface FailureGroup {
  /** The reason of the first one. */
  readonly reason: string;
  readonly members: readonly { readonly namespace: string; readonly failure: Failure }[];
}

/** More tags of one image are not looked for in a reason. */
const MAX_TAGS = 10;

/** Groups failures whose reasons differ only in the names of their images, their tags and digests; the largest group first. */
export function groupFailures(
  namespaces: readonly Pick<NamespaceResult, 'namespace' | 'failures'>[],
): FailureGroup[] {
  const groups = new Map<string, { reason: string; members: FailureGroup['members'][number][] }>();
  for (const { namespace, failures } of namespaces) {
    for (const failure of failures) {
      const key = withoutNames(failure);
      const group = groups.get(key) ?? { reason: failure.reason, members: [] };
      group.members.push({ namespace, failure });
      groups.set(key, group);
    }
  }
  return Array.from(groups.values()).toSorted((a, b) => b.members.length - a.members.length);
}

/** A reason without what is special about its image. A target that can't nest has `_` for `/` in the name. */
function withoutNames({ image, tags, reason }: Failure): string {
  const general = reason.replaceAll(/\b(sha256:)?[0-9a-f]{64}\b/g, '…');
  const names = [image, image.replaceAll('/', '_'), ...tags.slice(0, MAX_TAGS)].filter((name) => name !== '');
  if (names.length === 0) return general;
  const anyName = names
    .toSorted((a, b) => b.length - a.length)
    .map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
    .join('|');
  // By code points: half of a character is not a name in it.
  return general.replaceAll(new RegExp(`(?<![\\w.-])(?:${anyName})(?![\\w-])`, 'gu'), '…');
}
