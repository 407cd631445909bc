import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeComment } from '../../../src/github/comment-parts.ts';
import type { CommentPart } from '../../../src/mirror/comment.ts';

const MARKER = '<!-- sync-action step -->';

/** The part of job number `job` of a matrix. */
function partOf(job: number, run = 1): CommentPart {
  return { key: job.toString(16).padStart(16, '0'), title: `job ${job}`, run };
}

interface Report {
  readonly job: number;
  readonly run?: number;
  readonly body: string;
  readonly isNews?: boolean;
}

/** The comment after jobs reported one after another; undefined as long as there is none. */
function commentOf(reports: readonly Report[], start?: string): string | undefined {
  return reports.reduce<string | undefined>((comment, { job, run = 1, body, isNews = true }) => {
    const bodies = comment === undefined ? [] : [comment];
    return mergeComment(MARKER, bodies, partOf(job, run), { body, isNews }) ?? comment;
  }, start);
}

const report = fc.record({
  job: fc.integer({ min: 1, max: 5 }),
  body: fc.string().map((text) => `body ${text}.`),
});

describe('mergeComment', () => {
  it('needs no write when a job reports the same again', () => {
    fc.assert(
      fc.property(fc.array(report, { minLength: 1, maxLength: 6 }), (reports) => {
        const comment = commentOf(reports) ?? '';
        const last = reports.at(-1);
        expect(comment.startsWith(MARKER)).toBe(true);
        const again = { body: last?.body ?? '', isNews: true };
        expect(mergeComment(MARKER, [comment], partOf(last?.job ?? 0), again)).toBeUndefined();
      }),
    );
  });

  it('does not depend on the order in which jobs report', () => {
    const reports = fc.uniqueArray(report, { selector: ({ job }) => job, minLength: 1 });
    fc.assert(
      fc.property(reports, (all) => {
        expect(commentOf(all.toReversed())).toBe(commentOf(all));
      }),
    );
  });

  it('unites the comments of jobs that started at the same time', () => {
    const [one, two] = [commentOf([{ job: 1, body: 'one' }]), commentOf([{ job: 2, body: 'two' }])];
    const united = mergeComment(MARKER, [one ?? '', two ?? ''], partOf(1), { body: 'one', isNews: true });
    expect(united).toBe(
      commentOf([
        { job: 1, body: 'one' },
        { job: 2, body: 'two' },
      ]),
    );
  });

  it('leaves the comment of a later run alone, and drops the parts of an earlier one', () => {
    const comment = commentOf([{ job: 1, run: 2, body: 'new' }]) ?? '';
    expect(mergeComment(MARKER, [comment], partOf(2, 1), { body: 'old', isNews: true })).toBeUndefined();
    const next = commentOf([{ job: 2, run: 3, body: 'newest' }], comment);
    expect(next).toContain('newest');
    expect(next).not.toMatch(/new$/m);
  });

  it('writes that there is nothing to do only where a comment says otherwise', () => {
    const nothing = { body: 'Nothing to mirror', isNews: false };
    expect(mergeComment(MARKER, [], partOf(1), nothing)).toBeUndefined();
    const comment = commentOf([{ job: 1, body: 'something' }]) ?? '';
    expect(mergeComment(MARKER, [comment], partOf(2), nothing)).toBeUndefined();
    expect(mergeComment(MARKER, [comment], partOf(1), nothing)).toContain('Nothing to mirror');
    expect(mergeComment(MARKER, [comment], partOf(2, 2), nothing)).not.toContain('something');
  });

  it('fits into one comment however long its parts are, and each keeps its start', () => {
    const long = `# Start\n${'a line of text\n'.repeat(4000)}`;
    const reports = [1, 2, 3].map((job) => ({ job, body: long }));
    const body = commentOf([...reports, { job: 4, body: 'short' }]) ?? '';
    expect(body.length).toBeLessThanOrEqual(65_536);
    expect(body.length).toBeGreaterThan(60_000);
    expect(body.match(/# Start/g)).toHaveLength(3);
    expect(body.match(/_Shortened: the job summary has all of it\._/g)).toHaveLength(3);
    expect(body).toContain('short');
    expect(mergeComment(MARKER, [body], partOf(1), { body: long, isNews: true })).toBeUndefined();
  });

  it('never exceeds what GitHub accepts', () => {
    const long = fc.record({
      job: fc.integer({ min: 1, max: 8 }),
      body: fc
        .tuple(fc.string(), fc.nat(40_000))
        .map(([line, times]) => `${line}\n`.repeat(times).slice(0, 70_000)),
    });
    fc.assert(
      fc.property(fc.array(long, { minLength: 1, maxLength: 8 }), (reports) => {
        expect((commentOf(reports) ?? '').length).toBeLessThanOrEqual(65_536);
      }),
      { numRuns: 30 },
    );
  });

  it('closes a code block where a part is shortened', () => {
    const body = commentOf([
      { job: 1, body: `\`\`\`\`markdown\n${'text\n'.repeat(20_000)}\`\`\`\`` },
      { job: 2, body: 'after' },
    ]);
    expect(body?.match(/^````/gm)).toHaveLength(2);
  });

  it('is not confused by text that looks like a marker', () => {
    const marker = `<!-- part ${'f'.repeat(16)} 9999 ${'0'.repeat(16)} -->`;
    const body = commentOf([
      { job: 1, body: `before\n${marker}\nafter` },
      { job: 2, body: 'two' },
    ]);
    expect(body).toMatch(/before[\s\S]*after[\s\S]*two/);
  });
});
