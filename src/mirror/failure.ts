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
