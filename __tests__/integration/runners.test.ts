import { expect, it } from 'vitest';
import { type World, expectNothingToDo, inWorld } from '../support/run/mirror-world.ts';
import type { RunOutcome } from '../support/run/runner.ts';

/** What a GitHub Enterprise Server of an old version sets: other URLs, no cache service, no job summary. */
function enterprise({ github }: World): Record<string, string> {
  return {
    GITHUB_API_URL: `${github.url}/api/v3`,
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_STEP_SUMMARY: '',
    ACTIONS_CACHE_URL: '',
    ACTIONS_RESULTS_URL: '',
  };
}

/** What a container of Actions Runner Controller has: a home that nobody can write to, and no docker. */
const CONTAINER = { HOME: '/proc', PATH: '/nowhere' };

const linesAbout = ({ log }: RunOutcome, text: string): number =>
  log.split('\n').filter((line) => line.includes(text)).length;

it('mirrors and records on a GitHub Enterprise Server without cache and job summaries, and says what is missing', async () =>
  inWorld(async (world) => {
    const outcome = await world.run({}, { env: enterprise(world) });
    expect(outcome.annotations).toEqual([]);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.outputs).toMatchObject({ complete: 'true', added: '2', unchanged: '1' });
    expect(await world.recorded()).toEqual(world.held);
    expect(linesAbout(outcome, "GitHub's cache is not available on this runner")).toBe(1);
    expect(linesAbout(outcome, 'This runner shows no job summary')).toBe(1);
    expect(outcome.summary).toBe('');
    await expectNothingToDo(world);
  }));

it('keeps quiet about a cache that is switched off', async () =>
  inWorld(async (world) => {
    const outcome = await world.run({ cache: 'false' }, { env: enterprise(world) });
    expect(outcome.outputs).toMatchObject({ complete: 'true', added: '2' });
    expect(linesAbout(outcome, "GitHub's cache")).toBe(0);
  }));

it('mirrors with engine: registry in a container with a read-only home and without docker', async () =>
  inWorld(async (world) => {
    const outcome = await world.run({}, { env: CONTAINER });
    expect(outcome.annotations).toEqual([]);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.outputs).toMatchObject({ complete: 'true', added: '2' });
    expect(outcome.leftovers).toEqual([]);
  }));

it('names engine: registry, in one error, in a container without docker', async () =>
  inWorld(async (world) => {
    const outcome = await world.run({ engine: 'docker' }, { env: CONTAINER });
    expect(outcome.annotations).toEqual([
      {
        level: 'error',
        message: expect.stringMatching(/^engine: docker needs the docker command .* set engine: registry/),
      },
    ]);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.outputs).toMatchObject({ complete: 'false', pending: '2' });
    expect(await world.recorded()).toEqual({ 'old:v1': world.held['old:v1'] });
  }));
