import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { MetadataError } from '../../../src/github/errors.ts';
import type { RecordEntry } from '../../../src/mirror/record-entry.ts';
import type { Work } from '../../../src/mirror/work.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import {
  parseNamespaceManifest,
  serializeNamespaceManifest,
} from '../../../src/record/namespace-manifest.ts';
import type { RecordDeps } from '../../../src/record/record.ts';
import { Recorder } from '../../../src/record/recorder.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';

const SOURCE = 'gcr.io/ns';
const TARGET = 'docker.io/mirror';
const PATH = 'gcr.io/ns.json';
const [OLD, NEW] = [digest(1), digest(2)];

/** The metadata repository: its files, and the messages of its commits. */
let files: Map<string, string>;
let messages: string[];
/** Why it takes nothing. */
let refusal: string | undefined;
/** Why it can be read alone. */
let writeRefusal: string | undefined;

const warnings: string[] = [];
const logger = { ...silentLogger, warning: (message: string) => void warnings.push(message) };

const metadata: RecordDeps['metadata'] = {
  update: async (path, message, change) => {
    await Promise.resolve();
    if (refusal !== undefined) throw new MetadataError(refusal);
    const current = files.get(path);
    const next = change(current === undefined ? undefined : Buffer.from(current));
    if (!next || Buffer.from(next).toString() === current) return false;
    if (writeRefusal !== undefined) throw new MetadataError(writeRefusal);
    files.set(path, Buffer.from(next).toString());
    messages.push(message);
    return true;
  },
};

beforeEach(() => {
  files = new Map();
  messages = [];
  warnings.length = 0;
  refusal = undefined;
  writeRefusal = undefined;
});

/** A plan that moves each of `moved` from the old digest to the new one, and adds `added`, all of the image `a`. */
function planOf(moved: readonly string[], added: readonly string[]): NamespacePlan {
  const images = new Map([['a', new Map<string, RecordEntry>(moved.map((tag) => [tag, OLD]))]]);
  const recorded = { source: SOURCE, target: TARGET, images };
  files.set(PATH, serializeNamespaceManifest(recorded));
  const works = [...moved.map((tag) => workOf([], [tag])), ...added.map((tag) => workOf([tag], []))];
  return namespacePlan({ recordPath: PATH, recorded, work: works });
}

function workOf(added: readonly string[], updated: readonly string[]): Work {
  return { image: 'a', repository: 'ns/a', descriptor: { digest: NEW }, added, updated };
}

function recorderOf(plan: NamespacePlan): Recorder {
  const inputs = parseTestInputs({ namespaces: SOURCE, target: TARGET });
  return new Recorder([plan], inputs.metadata, { metadata, now: () => new Date(0), runKey: 'run', logger });
}

function recordedTags(text = files.get(PATH) ?? ''): Map<string, RecordEntry> {
  const expected = { path: PATH, source: SOURCE, target: TARGET };
  return new Map(parseNamespaceManifest(Buffer.from(text), expected).images.get('a'));
}

describe('a tag that moves', () => {
  it('is recorded as unknown before it is overwritten, with all others, in one commit', async () => {
    const plan = planOf(['v1', 'v2'], ['new']);
    const recorder = recorderOf(plan);
    await Promise.all([recorder.beforeOverwrite(plan, 'a', 'v1'), recorder.beforeOverwrite(plan, 'a', 'v2')]);
    expect(recordedTags()).toEqual(
      new Map([
        ['v1', null],
        ['v2', null],
      ]),
    );
    expect(messages).toEqual(['Mirror gcr.io/ns: 2 tags to move']);
  });

  it('costs no commit where nothing is known of it, or it is new', async () => {
    const plan = planOf(['v1'], ['new']);
    const recorder = recorderOf(plan);
    await recorder.beforeOverwrite(plan, 'a', 'new');
    expect(messages).toEqual([]);
  });

  it('has its entry back when it was not written after all', async () => {
    const plan = planOf(['v1', 'v2', 'v3'], []);
    const recorder = recorderOf(plan);
    await recorder.beforeOverwrite(plan, 'a', 'v1');
    await recorder.beforeOverwrite(plan, 'a', 'v2');
    const [work = workOf([], [])] = plan.work;
    recorder.note(plan, { work, verifiedTags: new Map([['v1', { digest: NEW }]]), bytes: 1 });
    const { errors } = await recorder.finish();
    expect(errors).toEqual([]);
    // Of v2 nobody knows whether the target took it.
    expect(Object.fromEntries(recordedTags())).toEqual({ v1: NEW, v2: null, v3: OLD });
  });

  it('does not have back what another job has recorded meanwhile', async () => {
    const plan = planOf(['v1', 'v2'], []);
    const recorder = recorderOf(plan);
    await recorder.beforeOverwrite(plan, 'a', 'v1');
    files.set(PATH, (files.get(PATH) ?? '').replace('"v2": null', `"v2": "${digest(3)}"`));
    await recorder.finish();
    expect(recordedTags().get('v2')).toBe(digest(3));
  });

  it('is not overwritten when the record can not be written', async () => {
    const plan = planOf(['v1'], []);
    const recorder = recorderOf(plan);
    refusal = 'octo/meta is archived';
    await expect(recorder.beforeOverwrite(plan, 'a', 'v1')).rejects.toThrow(
      'not overwritten, as that could not be recorded before: octo/meta is archived',
    );
    expect(recordedTags().get('v1')).toBe(OLD);
  });
});

describe('what can not be recorded', () => {
  async function finish(plan: NamespacePlan, recorder: Recorder): Promise<Map<string, string>> {
    const [work = workOf([], [])] = plan.work;
    recorder.note(plan, { work, verifiedTags: new Map([['v1', { digest: NEW }]]), bytes: 1 });
    const { errors, unrecorded } = await recorder.finish();
    expect(errors).toHaveLength(1);
    return new Map(unrecorded.map(({ path, content }) => [path, content]));
  }

  it('is told with its section, and claims nothing of tags that may have been overwritten', async () => {
    const plan = planOf(['v1', 'v2', 'v3'], []);
    const recorder = recorderOf(plan);
    await recorder.beforeOverwrite(plan, 'a', 'v1');
    await recorder.beforeOverwrite(plan, 'a', 'v2');
    refusal = 'octo/meta could not be read';
    const told = await finish(plan, recorder);
    expect(Object.fromEntries(recordedTags(told.get(PATH)))).toEqual({ v1: NEW, v2: null, v3: OLD });
    expect(told.get('CHANGELOG.md')).toContain('- `a`: updated `v1`');
  });

  it('is told with what others wrote to the file', async () => {
    const plan = planOf(['v1', 'v2'], []);
    const recorder = recorderOf(plan);
    files.set(PATH, (files.get(PATH) ?? '').replace('"v2":', `"by-hand": "${digest(3)}", "v2":`));
    writeRefusal = 'its branch is protected';
    const told = await finish(plan, recorder);
    expect(Object.fromEntries(recordedTags(told.get(PATH)))).toEqual({
      'by-hand': digest(3),
      v1: NEW,
      v2: OLD,
    });
  });
});

describe('a run that ends anywhere', () => {
  const TAGS = ['t0', 't1', 't2', 't3', 't4'];
  const steps = fc.array(
    fc.record({ tag: fc.constantFrom(...TAGS), far: fc.integer({ min: 0, max: 3 }), save: fc.boolean() }),
    { maxLength: 8 },
  );

  it('leaves a record that names no digest that the target does not hold', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.subarray(TAGS), fc.boolean(), async (steps, moved, finishes) => {
        const plan = planOf(moved, TAGS);
        const recorder = recorderOf(plan);
        const target = new Map<string, RecordEntry>(moved.map((tag) => [tag, OLD]));
        const expectTrue = (): void => {
          for (const [tag, entry] of recordedTags()) {
            const held = target.get(tag) ?? 'nothing';
            expect([tag, held]).toEqual([tag, entry ?? held]);
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
