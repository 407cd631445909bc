import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/copy/pool.ts';
import { PostponedError } from '../../../src/mirror/copy-error.ts';
import { ReportRecorder } from '../../../src/record/report-recorder.ts';
import { readReportedRecord } from '../../../src/record/reported-record.ts';
import { testDeps } from '../../support/fixtures/deps.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { plainEntries, recorded } from '../../support/fixtures/listings.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';

const PLAN = namespacePlan({
  recorded: {
    source: 'gcr.io/ns',
    target: 'docker.io/mirror',
    images: recorded({ a: { announced: null, moved: digest(1) } }),
  },
  adopted: recorded({ b: { adopted: digest(3) } }),
});

const OUTCOME: Outcome = {
  work: { image: 'a', repository: 'ns/a', descriptor: { digest: digest(2) }, added: ['new'], updated: [] },
  verifiedTags: new Map([['new', { digest: digest(2) }]]),
  bytes: 5,
};

function setup(): { recorder: ReportRecorder; lines: string[] } {
  const { logger, lines } = testDeps();
  return { recorder: new ReportRecorder([PLAN], { timezone: 'UTC' }, logger), lines };
}

describe('ReportRecorder', () => {
  it('reports what was copied and adopted, and writes nothing', async () => {
    const { recorder } = setup();
    recorder.note(PLAN, OUTCOME);
    expect(await recorder.save()).toEqual({ errors: [], files: 0 });
    const { records = [] } = await recorder.finish();
    const read = records.map((one) => readReportedRecord(one, '{registry}/{namespace}.json'));
    expect(read.map(({ addition }) => plainEntries(addition.images))).toEqual([
      { a: { new: digest(2) }, b: { adopted: digest(3) } },
    ]);
    expect(recorder.results()).toMatchObject([
      { namespace: 'gcr.io/ns', copied: [{ image: 'a', added: ['new'] }] },
    ]);
  });

  it('leaves a tag to the next run that no plan announced', async () => {
    const { recorder, lines } = setup();
    await expect(recorder.beforeOverwrite(PLAN, 'a', 'moved')).rejects.toThrow(PostponedError);
    await recorder.beforeOverwrite(PLAN, 'a', 'announced');
    await recorder.beforeOverwrite(PLAN, 'a', 'new');
    await recorder.finish();
    expect(lines).toEqual(['1 tag moved, and no plan announced it. They are left to the next run.']);
  });
});
