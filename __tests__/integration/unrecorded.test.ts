import type { ChildProcess } from 'node:child_process';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { makeImage, pushImage } from '../support/fixtures/images.ts';
import {
  before,
  failing,
  injectFaults,
  isEmpty,
  isLimited,
  isUsedUp,
  says,
  stalls,
} from '../support/github/faults.ts';
import {
  type World,
  CHANGELOG,
  expectNothingToDo,
  inWorld,
  sections,
  writes,
} from '../support/run/mirror-world.ts';
import { waitUntil } from '../support/run/process.ts';
import { type RunOutcome, cancel } from '../support/run/runner.ts';

describe.concurrent('a record that is edited during the run', () => {
  const HAND = `sha256:${'e'.repeat(64)}`;

  function withHand(text: string): string {
    return text.replace('"images": {', `"images": {\n    "by-hand": { "v1": "${HAND}" },`);
  }

  it.for(['while the run copied', 'between read and write'])('is merged: %s', async (time) => {
    await inWorld(async (world) => {
      const { github, path, run, held, meanwhile } = world;
      const edit = async (): Promise<void> => {
        const text = (await github.file('octo/meta', path)) ?? '';
        await github.putFile('octo/meta', path, withHand(text).replaceAll('\n', '\r\n'));
        const changelog = (await github.file('octo/meta', 'CHANGELOG.md')) ?? '';
        await github.putFile('octo/meta', 'CHANGELOG.md', `${changelog}\nA line by hand.\n`);
      };
      if (time === 'while the run copied') meanwhile(edit);
      else injectFaults(github, [{ method: 'PUT', path: '/ns.json', faults: [before(edit)] }]);
      const outcome = await run();
      expect(outcome.outputs).toMatchObject({ complete: 'true', added: '2' });
      expect(await world.recorded()).toEqual({ ...held, 'by-hand:v1': HAND });
      // The file has the action's form again.
      expect(await github.file('octo/meta', path)).toContain(
        `    "by-hand": {\n      "v1": "${HAND}"\n    },\n`,
      );
      const changelog = await github.file('octo/meta', 'CHANGELOG.md');
      expect(changelog).toContain('A line by hand.');
      expect(await sections(world)).toBe(1);
      await expectNothingToDo(world);
    });
  });

  it("is merged when it has gcrsync's form now", async () => {
    await inWorld(async (world) => {
      const { github, path, run, held, meanwhile } = world;
      meanwhile(async () => github.putFile('octo/meta', path, '["by-hand:v1", "old:v1"]'));
      expect((await run()).outputs).toMatchObject({ complete: 'true', added: '2' });
      expect(await world.recorded()).toEqual({ ...held, 'old:v1': null, 'by-hand:v1': null });
      // Nothing is copied again: the next run adopts what the target has.
      world.target.requests.length = 0;
      expect((await run()).outputs).toMatchObject({ complete: 'true', added: '0', unchanged: '3' });
      expect(world.target.requests.filter(({ method }) => method === 'PUT')).toEqual([]);
      expect(await world.recorded()).toEqual({ ...held, 'by-hand:v1': null });
    });
  });

  it('stays deleted except for what the run mirrored, and the next run copies the rest', async () => {
    await inWorld(async (world) => {
      const { github, path, run, held, meanwhile } = world;
      meanwhile(async () => github.removeFile('octo/meta', path));
      const outcome = await run();
      expect(outcome.outputs).toMatchObject({ complete: 'true', added: '2' });
      expect(outcome.annotations).toEqual([
        { level: 'warning', message: expect.stringMatching(/ns\.json was removed during this run/) },
      ]);
      const { 'old:v1': old, ...news } = held;
      expect(await world.recorded()).toEqual(news);
      const next = await run();
      expect(next.outputs).toMatchObject({ complete: 'true', added: '1', unchanged: '2' });
      expect(next.annotations).toEqual([]);
      expect(await world.recorded()).toEqual({ ...news, 'old:v1': old });
    });
  });
});

const Report = v.object({
  complete: v.boolean(),
  errors: v.array(v.string()),
  unrecorded: v.array(v.object({ path: v.string(), content: v.string(), addition: v.string() })),
});

/** The job failed, and the report has the files that someone can commit by hand. */
function expectReported(outcome: RunOutcome, reason: string | RegExp): ReadonlyMap<string, string> {
  expect(outcome.exitCode).toBe(1);
  expect(outcome.outputs).toMatchObject({ complete: 'false', changed: 'true', added: '2', failed: '0' });
  const { complete, errors, unrecorded } = v.parse(Report, outcome.report);
  expect(complete).toBe(false);
  expect(errors.join('\n')).toMatch(reason);
  expect(outcome.annotations.map(({ message }) => message).join('\n')).toMatch(reason);
  for (const { path, content } of unrecorded) {
    expect(outcome.summary).toContain(`### Not recorded: the content of \`${path}\``);
    expect(outcome.summary).toContain(content.trimEnd());
  }
  expect(Object.keys(outcome.outputs)).toHaveLength(11);
  return new Map(unrecorded.map(({ path, content }) => [path, content]));
}

describe.concurrent('a record that can not be written', () => {
  it.for<[string, (world: World) => void, string | RegExp, number]>([
    [
      'rules of the branch',
      ({ github }) => void github.rules.set('octo/meta', { protected: true }),
      'its branch is protected',
      2,
    ],
    [
      'a rule that requires signed commits',
      ({ github }) =>
        injectFaults(github, [
          { method: 'PUT', path: '.json', faults: [says(409, 'Commits must have verified signatures.')] },
        ]),
      'this branch requires signed commits',
      3,
    ],
    [
      'a repository that is archived',
      ({ github }) => void github.rules.set('octo/meta', { archived: true }),
      'unarchive it',
      2,
    ],
    [
      'a repository that was deleted',
      ({ github }) => void github.rules.delete('octo/meta'),
      "this token can't see it",
      2,
    ],
    [
      'a branch that was deleted',
      ({ github }) => void github.rules.set('octo/meta', { branchless: true }),
      'has no branch "main"',
      0,
    ],
    [
      'a token that has expired',
      ({ github }) => failing(github, says(401, 'Bad credentials')),
      '"github-token" is not valid, or has expired',
      0,
    ],
    [
      'a long secondary limit',
      ({ github }) => failing(github, isLimited(403, 3600)),
      /a rate limit of GitHub is used up for another 1 h/,
      0,
    ],
    [
      'a long secondary limit on the write',
      ({ github }) =>
        injectFaults(github, [{ method: 'PUT', path: '.json', faults: [isLimited(429, 3600)] }]),
      /a rate limit of GitHub is used up for another 1 h/,
      3,
    ],
    [
      'a rate limit that is used up for long',
      ({ github }) => failing(github, isUsedUp(3000)),
      /a rate limit of GitHub is used up for another 50 min/,
      0,
    ],
  ])('fails the job, and report and summary have all of it: %s', async ([, happen, reason, puts]) => {
    await inWorld(async (world) => {
      const { github, path, run, held, meanwhile } = world;
      meanwhile(() => happen(world));
      const before = await github.file('octo/meta', path);
      const unrecorded = expectReported(
        await run({ 'metadata-branch': 'main', 'fail-on-error': 'false', 'time-limit': '30m' }),
        reason,
      );
      // The changelog, then the manifest; a section whose manifest is refused is removed again.
      expect(writes(world)).toBe(puts);
      expect(await github.file('octo/meta', path)).toBe(before);
      expect(Array.from(unrecorded.keys())).toEqual([path, 'CHANGELOG.md']);
      expect(unrecorded.get('CHANGELOG.md')).toContain('- `new`: added `v1`, `v2`');
      // Committed by hand once the repository works again: nothing is copied again.
      github.rules.set('octo/meta', {});
      await github.putFile('octo/meta', path, unrecorded.get(path) ?? '');
      await github.putFile('octo/meta', 'CHANGELOG.md', `${CHANGELOG}\n${unrecorded.get('CHANGELOG.md')}`);
      expect(await world.recorded()).toEqual(held);
      await expectNothingToDo(world);
    });
  });
});

describe.concurrent('a file that someone breaks during the run', () => {
  it.for<[string, string, boolean]>([
    ['cut off', '{"version": 1, "images": {', false],
    ['cut off between read and write', '{"version": 1, "images": {', true],
    ['empty', '', false],
    ['of another source', '{"version": 1, "source": "gcr.io/a", "target": "b.io/c", "images": {}}', false],
    ['an array of something else', '["old:v1", 7]', false],
  ])('is kept byte for byte when it is a manifest: %s', async ([, spoilt, isLate]) => {
    await inWorld(async (world) => {
      const { github, path, run, meanwhile } = world;
      const spoil = async (): Promise<void> => github.putFile('octo/meta', path, spoilt);
      if (isLate) injectFaults(github, [{ method: 'PUT', path: '/ns.json', faults: [before(spoil)] }]);
      else meanwhile(spoil);
      const unrecorded = expectReported(await run(), path);
      expect(await github.file('octo/meta', path)).toBe(spoilt);
      expect(await sections(world)).toBe(0);
      await github.putFile('octo/meta', path, unrecorded.get(path) ?? '');
      await expectNothingToDo(world);
    });
  });

  it('is kept when it is a changelog that is no longer UTF-8, and its section is reported', async () => {
    await inWorld(async (world) => {
      const { github, run, meanwhile, path } = world;
      const latin1 = Buffer.from('# Changelog\n\nCaf\xe9\n', 'latin1');
      meanwhile(async () => github.putFile('octo/meta', 'CHANGELOG.md', latin1));
      const unrecorded = expectReported(await run(), 'CHANGELOG.md is not UTF-8 text, and was not changed');
      expect(Array.from(unrecorded.keys())).toEqual(['CHANGELOG.md']);
      expect(unrecorded.get('CHANGELOG.md')).toContain('- `new`: added `v1`, `v2`');
      expect(await github.file('octo/meta', 'CHANGELOG.md')).toBe(latin1.toString());
      // The manifest is up to date nevertheless.
      expect(await world.recorded()).toEqual(world.held);
      expect(await github.file('octo/meta', path)).toBeDefined();
      // Until someone repairs the changelog, each run reports what it does not name.
      const again = await run();
      expect(again.exitCode).toBe(1);
      expect(again.annotations.map(({ message }) => message).join()).toContain('is not UTF-8 text');
      await github.putFile('octo/meta', 'CHANGELOG.md', '# Changelog\n');
      expect((await run()).exitCode).toBe(0);
      expect(await github.file('octo/meta', 'CHANGELOG.md')).toContain('- `new`: added `v1`, `v2`');
      await expectNothingToDo(world);
    });
  });

  it('is not replaced when GitHub answers with an empty body', async () => {
    await inWorld(async (world) => {
      const { github, path, run } = world;
      const first = await github.file('octo/meta', path);
      injectFaults(github, [{ method: 'GET', path: '/ns.json', faults: [before(() => {}), isEmpty] }]);
      expectReported(await run(), `${path} can't be read as a namespace manifest`);
      expect(await github.file('octo/meta', path)).toBe(first);
      const puts = github.requests.filter(({ method }) => method === 'PUT');
      expect(puts.filter(({ path: written }) => written.endsWith('/ns.json'))).toEqual([]);
      // The section was written first, and is removed again.
      expect(await sections(world)).toBe(0);
    });
  });
});

describe.concurrent('a file that can not be written', () => {
  it('does not keep the records of other namespaces from being written', async () => {
    await inWorld(async (world) => {
      const { github, source, path, run, meanwhile } = world;
      await pushImage(source.url, 'other/one', ['v1'], makeImage({ seed: 'one' }));
      meanwhile(async () => github.putFile('octo/meta', path, 'broken'));
      const outcome = await run({ namespaces: `${source.host}/ns\n${source.host}/other` });
      expect(outcome.exitCode).toBe(1);
      expect(outcome.outputs).toMatchObject({ added: '3', complete: 'false' });
      const { errors, unrecorded } = v.parse(Report, outcome.report);
      expect(errors).toEqual([
        expect.stringContaining(`/ns: 2 tags are mirrored but not recorded. ${path} can't be read`),
      ]);
      expect(unrecorded.map((file) => file.path)).toEqual([path, 'CHANGELOG.md']);
      expect(await github.file('octo/meta', `${source.host}/other.json`)).toContain('"v1": "sha256:');
      const changelog = await github.file('octo/meta', 'CHANGELOG.md');
      expect(changelog).toContain('- `one`: added `v1`');
      expect(changelog).not.toContain('`new`');
    });
  });

  it('at a checkpoint is written at the end', async () => {
    await inWorld(async (world) => {
      const { github, target, run, held } = world;
      let tags = 0;
      target.intercept = async ({ method, url }) => {
        if (method !== 'PUT' || url?.includes('/manifests/v') !== true) return false;
        tags += 1;
        if (tags === 1) failing(github, isLimited(403, 3600));
        const refused = (): boolean => github.requests.some(({ status }) => status === 403);
        if (tags === 2) await waitUntil(async () => refused(), 'A checkpoint was not refused');
        if (tags === 2) delete github.intercept;
        return false;
      };
      const outcome = await run({ checkpoint: '100ms', concurrency: '1' });
      expect(outcome.exitCode).toBe(0);
      expect(outcome.outputs).toMatchObject({ complete: 'true', added: '2' });
      const levels = new Set(outcome.annotations.map(({ level }) => level));
      expect(Array.from(levels)).toEqual(['warning']);
      expect(await world.recorded()).toEqual(held);
      expect(await sections(world)).toBe(1);
    });
  });
});

describe.concurrent('a job that is cancelled while GitHub does not answer', () => {
  it('reports what it did before the runner kills it', async () => {
    await inWorld(async (world) => {
      const { github, target, path, run } = world;
      let child: ChildProcess | undefined;
      let cancelled = 0;
      let tags = 0;
      target.intercept = ({ method, url }) => {
        if (method !== 'PUT' || url?.includes('/manifests/v') !== true) return false;
        tags += 1;
        if (tags === 1) return false;
        failing(github, stalls);
        cancelled = performance.now();
        if (child) cancel(child);
        return true;
      };
      const outcome = await run({ concurrency: '1' }, { onStart: (started) => (child = started) });
      expect(outcome.exitCode).toBe(1);
      expect(performance.now() - cancelled).toBeLessThan(9500);
      expect(outcome.outputs).toMatchObject({ complete: 'false', added: '1', pending: '1' });
      const { unrecorded } = v.parse(Report, outcome.report);
      expect(unrecorded.map((file) => file.path)).toEqual([path, 'CHANGELOG.md']);
      expect(outcome.summary).toContain(unrecorded[0]?.content);
    });
  });
});
