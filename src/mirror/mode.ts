/**
 * `sync` mirrors and records; `plan` makes a matrix of jobs; `compare` checks the target against the record; `monitor`
 * reports how much is mirrored.
 */
export type Mode = (typeof MODES)[number];

/** How images are copied: by the docker command, or by requests from registry to registry. */
export type EngineName = 'docker' | 'registry';

/** `direct`: each job writes to the metadata repository. `report`: it only writes its JSON report, and one later job records all. */
export type RecordWay = 'direct' | 'report';

export const MODES = ['sync', 'plan', 'compare', 'monitor', 'record'] as const;
