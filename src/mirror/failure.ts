import { formatCount } from './format.ts';

/** Tags that could not be mirrored; without tags, a repository or namespace that could not be listed. */
export interface Failure {
  /** Empty when the whole namespace failed. */
  readonly image: string;
  readonly tags: readonly string[];
  /** Cause and remedy in one paragraph, without secrets. Parts of it may come from a registry. */
  readonly reason: string;
}

/** Some tags of one image. */
export interface ImageTags {
  readonly image: string;
  readonly tags: readonly string[];
}

/** Number of tags of all `images`. */
export function countTags(images: readonly ImageTags[]): number {
  return images.reduce((sum, { tags }) => sum + tags.length, 0);
}

/** `2 tags, 1 image and 1 namespace`: what could not be mirrored. An image or namespace that failed as a whole is not a tag. */
export function describeFailed(failures: readonly Failure[]): string {
  const whole = failures.filter(({ tags }) => tags.length === 0);
  const counts = [
    { count: countTags(failures), one: 'tag', many: 'tags' },
    { count: whole.filter(({ image }) => image !== '').length, one: 'image', many: 'images' },
    { count: whole.filter(({ image }) => image === '').length, one: 'namespace', many: 'namespaces' },
  ];
  const parts = counts
    .filter(({ count }) => count > 0)
    .map(({ count, one, many }) => `${formatCount(count)} ${count === 1 ? one : many}`);
  return parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : (parts[0] ?? '0 tags');
}
