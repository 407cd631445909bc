import type { NamespaceManifest, RecordedImages } from '../mirror/record-entry.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import { targetRepository } from '../mirror/target-names.ts';

type NameSettings = Pick<NamespaceSettings, 'namespace' | 'target' | 'targetName'>;

/** The name of an image's repository below the target's path; undefined where it is the one of the template `{image}`. */
export function recordedName(
  { namespace, target, targetName }: NameSettings,
  image: string,
): string | undefined {
  const name = targetRepository(targetName, target, namespace, image);
  if (name === targetRepository('{image}', target, namespace, image)) return undefined;
  return target.path === '' ? name : name.slice(target.path.length + 1);
}

/**
 * The manifest without the images that are in the target under another name than `settings` give them: what is under
 * their new names is not recorded.
 */
export function underCurrentNames(manifest: NamespaceManifest, settings: NameSettings): NamespaceManifest {
  const { images, names } = manifest;
  const isCurrent = (image: string): boolean => recordedName(settings, image) === names?.get(image);
  const kept = Array.from(images).filter(([image]) => isCurrent(image));
  return kept.length === images.size ? manifest : { ...manifest, images: new Map(kept) };
}

/**
 * Names the images of `entries`. Entries under a former name are dropped: they say nothing about the new one.
 *
 * @returns `manifest` itself when nothing changes
 */
export function renameImages(
  manifest: NamespaceManifest,
  entries: RecordedImages,
  nameOf: (image: string) => string | undefined,
): NamespaceManifest {
  const moved = Array.from(entries.keys()).filter((image) => nameOf(image) !== manifest.names?.get(image));
  if (moved.length === 0) return manifest;
  const images = new Map(manifest.images);
  const names = new Map(manifest.names);
  for (const image of moved) {
    const name = nameOf(image);
    images.delete(image);
    if (name === undefined) names.delete(image);
    else names.set(image, name);
  }
  return { ...manifest, images, names };
}
