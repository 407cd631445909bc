import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { EndOfRun } from '../../../src/mirror/lifetime.ts';
import type { RecordEntry } from '../../../src/mirror/record-entry.ts';
import type { Work } from '../../../src/mirror/work.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import {
  parseNamespaceManifest,
  serializeNamespaceManifest,
} from '../../../src/record/namespace-manifest.ts';
import { Recorder } from '../../../src/record/recorder.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { MemoryMetadata } from '../../support/github/memory-metadata.ts';

const SOURCE = 'gcr.io/ns';
const TARGET = 'docker.io/mirror';
const PATH = 'gcr.io/ns.json';
const [OLD, NEW] = [digest(1), digest(2)];

let metadata: MemoryMetadata;

beforeEach(() => {
  metadata = new MemoryMetadata();
});

/** A plan that moves each of `moved` from the old digest to the new one, and adds `added`, all of the image `a`. */
function planOf(moved: readonly string[], added: readonly string[]): NamespacePlan {
  const images = new Map([['a', new Map<string, RecordEntry>(moved.map((tag) => [tag, OLD]))]]);
  const recorded = { source: SOURCE, target: TARGET, images };
  metadata.files.set(PATH, serializeNamespaceManifest(recorded));
  const works = [...moved.map((tag) => workOf([], [tag])), ...added.map((tag) => workOf([tag], []))];
  return namespacePlan({ recordPath: PATH, recorded, work: works });
}

function workOf(added: readonly string[], updated: readonly string[]): Work {
  return { image: 'a', repository: 'ns/a', descriptor: { digest: NEW }, added, updated };
}

function recorderOf(plan: NamespacePlan, abort = new AbortController().signal): Recorder {
  return recorderOfAll([plan], abort);
}

function recorderOfAll(plans: readonly NamespacePlan[], abort: AbortSignal): Recorder {
  const inputs = parseTestInputs({ namespaces: SOURCE, target: TARGET });
  return new Recorder(plans, inputs.metadata, {
    metadata,
    now: () => new Date(0),
    runKey: 'run',
    sleep: async () => Promise.resolve(),
    random: () => 0,
    lifetime: { abort, timeLeftMs: () => 3_600_000 },
    jobs: 1,
    logger: silentLogger,
  });
}

function recordedTags(text = metadata.files.get(PATH) ?? ''): Map<string, RecordEntry> {
  const expected = { path: PATH, source: SOURCE, target: TARGET };
  return new Map(parseNamespaceManifest(Buffer.from(text), expected).images.get('a'));
}

describe('a tag that moves', () => {
  it('is announced before it is overwritten, with all others, in one commit', async () => {
    const plan = planOf(['v1', 'v2'], ['new']);
    const recorder = recorderOf(plan);
    await Promise.all([recorder.beforeOverwrite(plan, 'a', 'v1'), recorder.beforeOverwrite(plan, 'a', 'v2')]);
    expect(recordedTags()).toEqual(
      new Map([
        ['v1', null],
        ['v2', null],
      ]),
    );
    expect(metadata.messages).toEqual(['Mirror gcr.io/ns: 2 tags to move']);
  });

  it('costs no commit when it is new', async () => {
    const plan = planOf(['v1'], ['new']);
    const recorder = recorderOf(plan);
    await recorder.beforeOverwrite(plan, 'a', 'new');
    expect(metadata.messages).toEqual([]);
  });

  it('keeps its entry when it was not written after all', async () => {
    const plan = planOf(['v1', 'v2', 'v3'], []);
    const recorder = recorderOf(plan);
    await recorder.beforeOverwrite(plan, 'a', 'v1');
    await recorder.beforeOverwrite(plan, 'a', 'v2');
    const [work = workOf([], [])] = plan.work;
    recorder.note(plan, { work, verifiedTags: new Map([['v1', { digest: NEW }]]), bytes: 1 });
    const { errors } = await recorder.finish();
    expect(errors).toEqual([]);
    // Whether the target has the new v2 is unknown.
    expect(Object.fromEntries(recordedTags())).toEqual({ v1: NEW, v2: null, v3: OLD });
  });

  it('keeps what another job recorded meanwhile', async () => {
    const plan = planOf(['v1', 'v2'], []);
    const recorder = recorderOf(plan);
    await recorder.beforeOverwrite(plan, 'a', 'v1');
    metadata.files.set(PATH, (metadata.files.get(PATH) ?? '').replace('"v2": null', `"v2": "${digest(3)}"`));
    await recorder.finish();
    expect(recordedTags().get('v2')).toBe(digest(3));
  });

  it('is not overwritten when the record can not be written', async () => {
    const plan = planOf(['v1'], []);
    const recorder = recorderOf(plan);
    metadata.readRefusal = () => 'octo/meta is archived';
    await expect(recorder.beforeOverwrite(plan, 'a', 'v1')).rejects.toThrow(
      'not overwritten, as that could not be recorded first: octo/meta is archived',
    );
    expect(recordedTags().get('v1')).toBe(OLD);
  });

  it('is not announced any more once the run was aborted: it leaves the time to the record of what was done', async () => {
    const plans = ['a', 'b', 'c'].map((name) => {
      const path = `gcr.io/${name}.json`;
      const plan = { ...planOf(['v1'], []), recordPath: path };
      metadata.files.set(path, metadata.files.get(PATH) ?? '');
      return plan;
    });
    const end = new AbortController();
    const recorder = recorderOfAll(plans, end.signal);
    metadata.readRefusal = () => {
      end.abort(new EndOfRun('cancelled'));
      return undefined;
    };
    const announced = plans.map(async (plan) => recorder.beforeOverwrite(plan, 'a', 'v1'));
    const results = await Promise.allSettled(announced);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(metadata.messages).toEqual(['Mirror gcr.io/ns: 1 tag to move']);
  });
});

describe('a checkpoint', () => {
  const noteTag = (recorder: Recorder, plan: NamespacePlan, tag: string): void =>
    recorder.note(plan, {
      work: workOf([tag], []),
      verifiedTags: new Map([[tag, { digest: NEW }]]),
      bytes: 1,
    });

  it('records only what is new, and leaves what another job recorded since', async () => {
    const plan = planOf([], ['v1', 'v2']);
    const recorder = recorderOf(plan);
    noteTag(recorder, plan, 'v1');
    await recorder.save();
    metadata.files.set(PATH, (metadata.files.get(PATH) ?? '').replace(NEW, digest(3)));
    noteTag(recorder, plan, 'v2');
    await recorder.save();
    expect(Object.fromEntries(recordedTags())).toEqual({ v1: digest(3), v2: NEW });
    await recorder.finish();
    expect(Object.fromEntries(recordedTags())).toEqual({ v1: digest(3), v2: NEW });
  });

  it('marks what the changelog lacks, and the end names it once and removes the marks', async () => {
    const plan = planOf([], ['v1', 'v2']);
    const recorder = recorderOf(plan);
    noteTag(recorder, plan, 'v1');
    await recorder.save();
    expect(Array.from(metadata.files.keys())).toEqual([PATH]);
    expect(metadata.files.get(PATH)).toContain('"a": { "added": ["v1"] }');
    noteTag(recorder, plan, 'v2');
    await recorder.finish();
    expect(metadata.files.get(PATH)).not.toContain('unlogged');
    expect(metadata.files.get('CHANGELOG.md')?.match(/added `v1`, `v2`/g)).toHaveLength(1);
  });

  it('that failed leaves its news to the next one', async () => {
    const plan = planOf([], ['v1']);
    const recorder = recorderOf(plan);
    noteTag(recorder, plan, 'v1');
    metadata.writeRefusal = () => 'GitHub answered 503';
    expect((await recorder.save()).errors).toHaveLength(1);
    metadata.writeRefusal = () => undefined;
    expect((await recorder.save()).errors).toEqual([]);
    expect(recordedTags().get('v1')).toBe(NEW);
  });
});

describe('a change that can not be recorded', () => {
  async function finish(plan: NamespacePlan, recorder: Recorder): Promise<Map<string, string>> {
    const [work = workOf([], [])] = plan.work;
    recorder.note(plan, { work, verifiedTags: new Map([['v1', { digest: NEW }]]), bytes: 1 });
    const { errors, unrecorded } = await recorder.finish();
    expect(errors).toHaveLength(1);
    return new Map(unrecorded.map(({ path, content }) => [path, content]));
  }

  it('is returned with its section, and says nothing about tags that may have been overwritten', async () => {
    const plan = planOf(['v1', 'v2', 'v3'], []);
    const recorder = recorderOf(plan);
    await recorder.beforeOverwrite(plan, 'a', 'v1');
    await recorder.beforeOverwrite(plan, 'a', 'v2');
    metadata.readRefusal = () => 'octo/meta could not be read';
    const missing = await finish(plan, recorder);
    expect(Object.fromEntries(recordedTags(missing.get(PATH)))).toEqual({ v1: NEW, v2: null, v3: OLD });
    expect(missing.get('CHANGELOG.md')).toContain('- `a`: updated `v1`');
  });

  it('is returned with what others wrote to the file', async () => {
    const plan = planOf(['v1', 'v2'], []);
    const recorder = recorderOf(plan);
    metadata.files.set(
      PATH,
      (metadata.files.get(PATH) ?? '').replace('"v2":', `"by-hand": "${digest(3)}", "v2":`),
    );
    metadata.writeRefusal = () => 'its branch is protected';
    const missing = await finish(plan, recorder);
    expect(Object.fromEntries(recordedTags(missing.get(PATH)))).toEqual({
      'by-hand': digest(3),
      v1: NEW,
      v2: OLD,
    });
  });
});

describe('a run that ends at any point', () => {
  const TAGS = ['t0', 't1', 't2', 't3', 't4'];
  const steps = fc.array(
    fc.record({ tag: fc.constantFrom(...TAGS), far: fc.integer({ min: 0, max: 3 }), save: fc.boolean() }),
    { maxLength: 8 },
  );

  it('leaves a record whose every digest the target has', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.subarray(TAGS), fc.boolean(), async (steps, moved, finishes) => {
        const plan = planOf(moved, TAGS);
        const recorder = recorderOf(plan);
        const target = new Map<string, RecordEntry>(moved.map((tag) => [tag, OLD]));
        const expectTrue = (): void => {
          for (const [tag, entry] of recordedTags()) {
            const present = target.get(tag) ?? 'nothing';
            expect([tag, present]).toEqual([tag, entry ?? present]);
          }
        };
        const done = new Set<string>();
        for (const { tag, far, save } of steps) {
          if (far >= 1) await recorder.beforeOverwrite(plan, 'a', tag);
          expectTrue();
          if (far >= 2) target.set(tag, NEW);
          expectTrue();
          if (far >= 3) {
            const work = moved.includes(tag) ? workOf([], [tag]) : workOf([tag], []);
            recorder.note(plan, { work, verifiedTags: new Map([[tag, { digest: NEW }]]), bytes: 1 });
            done.add(tag);
          }
          if (save) await recorder.save();
          expectTrue();
        }
        if (!finishes) return;
        await recorder.finish();
        expectTrue();
        for (const tag of done) expect(recordedTags().get(tag)).toBe(NEW);
        const touched = new Set(steps.filter(({ far }) => far > 0).map(({ tag }) => tag));
        for (const tag of moved.filter((one) => !touched.has(one))) expect(recordedTags().get(tag)).toBe(OLD);
      }),
    );
  });
});
