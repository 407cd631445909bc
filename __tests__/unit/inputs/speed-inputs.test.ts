import { expect, it } from 'vitest';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';

it.each([
  ['by default', {}, 50, 100],
  ['in a job of a plan, which shares the target with others', { 'job-total': '3' }, 50, 50],
  ['as the input says', { 'query-concurrency': '7' }, 7, 7],
])('sends a source and a target %s so many requests at a time: %j', (_, given, source, target) => {
  const { queryConcurrency, targetConcurrency } = parseTestInputs(given);
  expect([queryConcurrency, targetConcurrency]).toEqual([source, target]);
});
