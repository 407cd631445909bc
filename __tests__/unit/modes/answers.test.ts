import { describe, expect, it } from 'vitest';
import type { Inputs } from '../../../src/inputs/inputs.ts';
import type { Answer } from '../../../src/mirror/request.ts';
import { sync } from '../../../src/modes/sync.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';
import { issueBody, labeled, onIssue } from '../../support/fixtures/issues.ts';
import { type ModeWorld, inModeWorld } from '../../support/fixtures/mode-world.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';

function inputsOf(
  { source, target }: ModeWorld,
  lines: readonly string[],
  given: Record<string, string> = {},
): Inputs {
  const body = issueBody(lines.map((line) => `${source.host}/ns/${line}`).join('\n'));
  return parseTestInputs(
    { request: 'true', engine: 'registry', target: `${target.host}/mirror`, ...given },
    onIssue(labeled(body)),
  );
}

async function answersOf(world: ModeWorld, lines: readonly string[], given = {}): Promise<readonly Answer[]> {
  const { answers = [] } = await sync(inputsOf(world, lines, given), world.deps);
  return answers;
}

const states = (answers: readonly Answer[]): string[] => answers.map(({ state }) => state);

describe('answersTo', () => {
  it('tells new images from those that were there, that are missing, and that are filtered', async () => {
    await inModeWorld('sync', async (world) => {
      const there = await world.push('a:v1', world.source, world.target);
      const added = await world.push('b:v1', world.source);
      const unnamed = await world.push('c:v1', world.source);
      await world.push('d:beta', world.source);
      world.setRecord({ a: { v1: there.digest } });
      const lines = ['a:v1', 'b:v1', `c@${unnamed.digest}`, 'none:v1', 'd:beta'];
      const answers = await answersOf(world, lines, { exclude: '*:beta' });
      expect(answers).toMatchObject([
        {
          state: 'present',
          digest: there.digest,
          repository: `${world.target.host}/mirror/a`,
          reference: 'v1',
        },
        { state: 'mirrored', digest: added.digest },
        { state: 'mirrored', digest: unnamed.digest, reference: unnamed.digest },
        { state: 'failed', reason: expect.stringContaining('/ns/none has no such tag') },
        { state: 'excluded' },
      ]);
    });
  });

  it('mirrors nothing else of the workflow, and says what a dry run would do', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      await world.push('b:v1', world.source);
      const given = { namespaces: `${world.source.host}/ns` };
      expect(states(await answersOf(world, ['a:v1'], { ...given, 'dry-run': 'true' }))).toEqual(['planned']);
      expect(states(await answersOf(world, ['a:v1'], given))).toEqual(['mirrored']);
      expect(world.target.store.manifest('mirror/b', 'v1')).toBeUndefined();
    });
  });

  it('leaves images for another run when the time is up', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      const inputs = inputsOf(world, ['a:v1']);
      const { phase } = world.deps;
      const deps = {
        ...world.deps,
        phase: async <T>(name: string, work: () => Promise<T>): Promise<T> => {
          if (name === 'Copy') world.deps.lifetime.cancel();
          return phase(name, work);
        },
      };
      expect(states((await sync(inputs, deps)).answers ?? [])).toEqual(['pending']);
    });
  });

  it('has the reason of a failed copy', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      world.target.intercept = async ({ method }, response) => {
        if (method === 'GET' || method === 'HEAD') return false;
        response.writeHead(403).end();
        return true;
      };
      expect(await answersOf(world, ['a:v1'])).toMatchObject([
        { state: 'failed', reason: expect.stringContaining('403') },
      ]);
    });
  });

  it('has an answer for each target', async () => {
    await inModeWorld('sync', async (world) => {
      await pushImage(world.source.url, 'ns/a', ['v1'], makeImage({ seed: 'a' }));
      const target = `${world.target.host}/mirror\n${world.target.host}/other`;
      const answers = await answersOf(world, ['a:v1'], { target });
      expect(answers.map(({ repository }) => repository)).toEqual([
        `${world.target.host}/mirror/a`,
        `${world.target.host}/other/a`,
      ]);
      expect(states(answers)).toEqual(['mirrored', 'mirrored']);
    });
  });
});
