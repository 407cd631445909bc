import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { annotate, nameOf } from '../../../src/report/annotations.ts';
import { groupFailures } from '../../../src/report/failure-groups.ts';
import { failure, gone, namespaceResult, runResult } from '../../support/fixtures/results.ts';

/** Each has a cause of its own. */
function failures(count: number) {
  return Array.from({ length: count }, (_, index) =>
    failure(`image-${index}`, ['v1', 'v2'], `cause ${index}`),
  );
}

function messages(result: Parameters<typeof annotate>[0], level = 'error'): string[] {
  return annotate(result)
    .filter((annotation) => annotation.level === level)
    .map(({ message }) => message);
}

describe('annotate', () => {
  it('returns nothing for a successful run', () => {
    expect(
      annotate(runResult({ namespaces: [namespaceResult({ unchanged: 9, pending: 1, gone: gone(1) })] })),
    ).toEqual([]);
  });

  it("puts the total first, then the run's own errors, then the failures", () => {
    const namespaces = [
      namespaceResult({ failures: [failure('base', ['v1', 'v2'], 'the blob is gone')] }),
      namespaceResult({ namespace: 'quay.io/coreos' }),
      namespaceResult({ namespace: 'registry.k8s.io', failures: [failure('', [], 'it can not be listed')] }),
    ];
    expect(annotate(runResult({ namespaces, errors: ['CHANGELOG.md could not be written'] }))).toEqual(
      [
        '2 tags and 1 namespace could not be mirrored: 2 in gcr.io/distroless, registry.k8s.io',
        'CHANGELOG.md could not be written',
        'gcr.io/distroless/base:v1, v2: the blob is gone',
        'registry.k8s.io: it can not be listed',
      ].map((message) => ({ level: 'error', message })),
    );
  });

  it('returns an error of the run when no image failed', () => {
    expect(messages(runResult({ errors: ['x'] }))).toEqual(['x']);
  });

  it('keeps the total among the ten that GitHub shows, however many images failed', () => {
    const namespaces = [
      namespaceResult({ failures: failures(600) }),
      namespaceResult({ failures: failures(130) }),
    ];
    const [first, second, third, ...more] = messages(runResult({ namespaces, errors: ['an error'] }));
    expect(first).toMatch(/^1,460 tags could/);
    expect(second).toBe('an error');
    expect(third).toContain('gcr.io/distroless/image-0:v1, v2');
    expect(more).toHaveLength(7);
  });

  it('is one error with the total when all failures have one cause', () => {
    const denied = (image: string) => failure(image, ['v1', 'v2'], `PUT https://r.io/v2/${image}: denied`);
    const namespaces = [
      namespaceResult({ failures: [denied('one'), denied('two')] }),
      namespaceResult({ namespace: 'quay.io/coreos', failures: [denied('three')] }),
    ];
    expect(messages(runResult({ namespaces }))).toEqual([
      '6 tags could not be mirrored (gcr.io/distroless/one:v1, v2; gcr.io/distroless/two:v1, v2; quay.io/coreos/three:v1, v2): ' +
        'PUT https://r.io/v2/one: denied',
    ]);
  });

  it('names the first five images that have one cause', () => {
    const many = Array.from({ length: 7 }, (_, index) =>
      failure(`image-${index}`, ['v1'], 'the disk is full'),
    );
    const [message] = messages(runResult({ namespaces: [namespaceResult({ failures: many })] }));
    expect(message).toMatch(
      /^7 tags could not be mirrored \(gcr\.io\/distroless\/image-0:v1; .*image-4:v1 and 2 more\): the disk is full$/,
    );
  });

  it('does not repeat the namespace that a reason begins with', () => {
    const [missing, other] = [
      'gcr.io/distroless does not exist',
      'gcr.io/distroless-extra does not exist',
    ].map((reason) =>
      messages(runResult({ namespaces: [namespaceResult({ failures: [failure('', [], reason)] })] })),
    );
    expect(missing).toEqual(['gcr.io/distroless does not exist']);
    expect(other).toEqual(['gcr.io/distroless: gcr.io/distroless-extra does not exist']);
  });

  it('warns once about all schema1 images', () => {
    const unsupported = Array.from({ length: 7 }, (_, index) => ({
      image: `old-${index}`,
      tags: ['v1', 'v2'],
    }));
    const result = runResult({ namespaces: [namespaceResult({ unsupported }), namespaceResult()] });
    const [warning, ...more] = annotate(result);
    expect(more).toEqual([]);
    expect(warning?.level).toBe('warning');
    expect(warning?.message).toMatch(/^Skipped 14 tags of 7 images .*schema1/);
    expect(warning?.message).toContain('gcr.io/distroless/old-4 and 2 more');
    expect(warning?.message).not.toContain('old-5');
    expect(warning?.message).toContain('"exclude"');
  });

  it('names five schema1 images without "more"', () => {
    const unsupported = Array.from({ length: 5 }, (_, index) => ({ image: `old-${index}`, tags: ['v1'] }));
    const [message] = messages(runResult({ namespaces: [namespaceResult({ unsupported })] }), 'warning');
    expect(message).toContain('old-4');
    expect(message).not.toContain('more');
  });

  it.each([
    [4095, 4095],
    [4096, 4096],
    [4097, 4096],
    [50_000, 4096],
  ])('cuts an error of %d characters to %d', (length, cut) => {
    const [message = ''] = messages(runResult({ errors: ['x'.repeat(length)] }));
    expect(message).toHaveLength(cut);
    expect(message.endsWith('…')).toBe(cut < length);
  });

  it('stays within the limits of GitHub, whatever happened', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.integer({ min: 4000, max: 5000 }).map((length) => 'x'.repeat(length)),
    );
    const failed = fc.record({ image: text, tags: fc.array(text, { maxLength: 4 }), reason: text });
    const old = fc.record({ image: text, tags: fc.array(text) });
    const namespace = fc.record({
      namespace: text,
      failures: fc.array(failed, { maxLength: 12 }),
      unsupported: fc.array(old),
    });
    fc.assert(
      fc.property(fc.array(namespace, { maxLength: 4 }), fc.array(text), (given, errors) => {
        const result = runResult({ namespaces: given.map((one) => namespaceResult(one)), errors });
        const all = annotate(result);
        const causes = groupFailures(result.namespaces).length;
        expect(messages(result)).toHaveLength(Math.min(10, causes + errors.length + (causes > 1 ? 1 : 0)));
        expect(messages(result, 'warning').length).toBeLessThanOrEqual(1);
        for (const { message } of all) expect(message.length).toBeLessThanOrEqual(4096);
      }),
    );
  });
});

describe('nameOf', () => {
  it.each([
    ['', [], 'gcr.io/ns'],
    ['base', [], 'gcr.io/ns/base'],
    ['base', ['v1'], 'gcr.io/ns/base:v1'],
    ['base', ['v1', 'v2', 'v3'], 'gcr.io/ns/base:v1, v2, v3'],
    ['a/b', ['v1', 'v2', 'v3', 'v4', 'v5'], 'gcr.io/ns/a/b:v1, v2, v3 and 2 more'],
  ])('names image %j with tags %j', (image, tags, name) => {
    expect(nameOf('gcr.io/ns', failure(image, tags))).toBe(name);
  });
});
