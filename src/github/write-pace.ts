import Bottleneck from 'bottleneck/light.js';

/**
 * GitHub asks to wait a second between writes if there are many of them, and takes 80 in a minute. The first writes of a run follow one
 * another at once: most runs write few files. https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
const FIRST_WRITES = 20;
/** Jobs of a matrix write to one branch at about the same time. */
const FIRST_WRITES_OF_MANY_JOBS = 2;
const PAUSE_MS = 1000;
/** For how long the pace of a client is kept that writes nothing. */
const KEPT_MS = 120_000;

/** The pace of a run's writes, one at a time: a group of Bottleneck's, because Octokit's throttling plugin takes one. */
export function writePace(jobs: number): Bottleneck.Group {
  const first = jobs > 1 ? FIRST_WRITES_OF_MANY_JOBS : FIRST_WRITES;
  return new Bottleneck.Group({
    maxConcurrent: 1,
    reservoir: first,
    reservoirIncreaseInterval: PAUSE_MS,
    reservoirIncreaseAmount: 1,
    reservoirIncreaseMaximum: first,
    timeout: KEPT_MS,
  });
}
