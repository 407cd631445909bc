import { imageOf } from '../mirror/image-key.ts';
import { formatNamespace } from '../mirror/namespace.ts';
import { isDigest, referenceSeparator } from '../oci/digest.ts';
import type { NamespacePlan } from './namespace-plan.ts';

/** What `listLines` needs of a plan. */
export type PlanOfList = Pick<NamespacePlan, 'settings' | 'settingsOf' | 'listing'>;

/**
 * What lists name of one namespace, as lines of the input `images`: a plan hands them over to its jobs.
 *
 * @param plans those of one namespace, one for each target
 * @returns lines by image
 */
export function listLines(plans: readonly PlanOfList[]): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  const [first] = plans;
  if (!first) return lines;
  const name = formatNamespace(first.settings.namespace);
  for (const [image, references] of referencesOf(plans)) {
    const written = Array.from(references, ([reference, platforms]) => {
      // References with several settings are entries of the config file, where the jobs find them.
      const [only = 'all', other] = platforms;
      const prefix = other === undefined && only !== 'all' ? `--platform=${only} ` : '';
      const digest = pinnedDigest(plans, image, reference);
      const pin = digest === undefined ? '' : `@${digest}`;
      return `${prefix}${name}/${image}${referenceSeparator(reference)}${reference}${pin}`;
    });
    lines.set(image, written.toSorted());
  }
  return lines;
}

/** By image and reference: the platforms that entries of lists ask for. */
type References = Map<string, Map<string, Set<string>>>;

function referencesOf(plans: readonly PlanOfList[]): References {
  const found: References = new Map();
  for (const plan of plans) {
    if (plan.settings.list === undefined) continue;
    for (const [key, { tags }] of plan.listing.images) {
      for (const tag of tags.keys()) {
        const settings = plan.settingsOf?.(key, tag);
        if (!settings) continue;
        const image = imageOf(key);
        const references = found.get(image) ?? new Map<string, Set<string>>();
        const platforms = references.get(tag) ?? new Set<string>();
        found.set(image, references.set(tag, platforms.add(String(settings.platforms))));
      }
    }
  }
  return found;
}

/** The digest that a list gives for a tag. */
function pinnedDigest(plans: readonly PlanOfList[], image: string, reference: string): string | undefined {
  if (isDigest(reference)) return undefined;
  const entries = plans.flatMap(({ settings }) => settings.list ?? []);
  return entries
    .filter((entry) => entry.image === image)
    .flatMap(({ references = [] }) => references)
    .find(({ tag, digest }) => tag === reference && digest !== undefined)?.digest;
}
