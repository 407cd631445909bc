/** True for a tag that must be looked up at its source in this run although it is recorded. */
export type IsDue = (image: string, tag: string) => boolean;
