/** Tags that could not be mirrored, or, with no tags, a repository or namespace that could not be listed. */
export interface Failure {
  /** Empty when the whole namespace failed. */
  readonly image: string;
  readonly tags: readonly string[];
  /** Cause and remedy, one paragraph, without secrets; its text may come from a registry. */
  readonly reason: string;
}

/** Some tags of one image. */
export interface ImageTags {
  readonly image: string;
  readonly tags: readonly string[];
}

export function countTags(images: readonly ImageTags[]): number {
  return images.reduce((sum, { tags }) => sum + tags.length, 0);
}
