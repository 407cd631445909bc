/** Which platforms of an index are mirrored: all, or these. */
export type Platforms = 'all' | readonly string[];
