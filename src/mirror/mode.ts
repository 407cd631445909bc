/** `sync` mirrors and records; `plan` makes a matrix of jobs; `compare` holds record and target side by side; `monitor` tells how far the mirror is. */
export type Mode = (typeof MODES)[number];

/** What moves images: the docker command, or requests from registry to registry. */
export type EngineName = 'docker' | 'registry';

export const MODES = ['sync', 'plan', 'compare', 'monitor'] as const;
