/** True for a tag that its source must be asked for on that day, although it is recorded. */
export type IsDue = (image: string, tag: string) => boolean;
