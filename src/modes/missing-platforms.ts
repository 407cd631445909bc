import type { NamespacePlan } from '../plan/namespace-plan.ts';

/** Remembers the platforms that the images of a run have, to warn of wanted platforms that none has. */
export class MissingPlatforms {
  readonly #found = new Set<string>();
  #isEmpty = true;

  /** @param platforms those of one index, in canonical form */
  note(platforms: readonly string[]): void {
    this.#isEmpty = false;
    for (const platform of platforms) this.#found.add(platform);
  }

  /** A warning per wanted platform that no index had, unless no index was copied. */
  warnings(plans: readonly NamespacePlan[]): string[] {
    if (this.#isEmpty) return [];
    const wanted = new Set(
      plans.flatMap(({ settings: { list = [], isListOnly, ...whole } }) =>
        [...list, ...(isListOnly ? [] : [whole])].flatMap(({ platforms }) =>
          platforms === 'all' ? [] : platforms,
        ),
      ),
    );
    const found = Array.from(this.#found).toSorted().join(', ');
    return Array.from(wanted)
      .filter((platform) => !this.#found.has(platform))
      .map(
        (platform) =>
          `No image that this run copied has the platform ${platform}. Check "platforms"; the images have ` +
          (found === '' ? 'none' : found),
      );
  }
}
