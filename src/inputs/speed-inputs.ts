import type { Inputs } from './inputs.ts';
import type { InputReader } from './reader.ts';

/** The largest number of jobs in a matrix. https://docs.github.com/en/actions/reference/limits */
const MOST_JOBS = 256;
/** Number of requests that a host gets at a time, unless the input says otherwise. */
const USUAL_REQUESTS = 50;
/** The target is the user's own, and two thirds of all requests go there. Jobs of a matrix share it. */
const REQUESTS_TO_OWN_TARGET = 100;

/** How much a run and its jobs do at a time. */
export function readSpeed(
  reader: InputReader,
): Pick<Inputs, 'maxShards' | 'jobTime' | 'jobs' | 'concurrency' | 'queryConcurrency' | 'targetConcurrency'> {
  const jobs = reader.optional('job-total') === undefined ? 1 : reader.integer('job-total', 1, MOST_JOBS);
  return {
    maxShards: reader.integer('max-shards', 1, MOST_JOBS),
    jobTime: reader.duration('job-time'),
    jobs,
    ...(reader.optional('concurrency') !== undefined && {
      concurrency: reader.integer('concurrency', 1, 256),
    }),
    ...readQueryConcurrency(reader, jobs),
  };
}

function readQueryConcurrency(
  reader: InputReader,
  jobs: number,
): Pick<Inputs, 'queryConcurrency' | 'targetConcurrency'> {
  if (reader.optional('query-concurrency') === undefined) {
    const toTarget = jobs === 1 ? REQUESTS_TO_OWN_TARGET : USUAL_REQUESTS;
    return { queryConcurrency: USUAL_REQUESTS, targetConcurrency: toTarget };
  }
  // A stream from a registry to itself takes two requests at a time.
  const given = reader.integer('query-concurrency', 2, 1000);
  return { queryConcurrency: given, targetConcurrency: given };
}
