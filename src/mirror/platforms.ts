/** Which platforms of an index are mirrored: all of them, or those listed. */
export type Platforms = 'all' | readonly string[];
