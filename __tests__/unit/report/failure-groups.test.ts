import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupFailures } from '../../../src/report/failure-groups.ts';
import { failure, namespaceResult } from '../../support/fixtures/results.ts';

function sizes(...failures: ReturnType<typeof failure>[]): number[] {
  return groupFailures([namespaceResult({ failures })]).map(({ members }) => members.length);
}

describe('groupFailures', () => {
  it('joins reasons that differ in image, tag and digest only', () => {
    const reason = (image: string, tag: string, digit: string): string =>
      `PUT https://r.io/v2/mirror/${image.replaceAll('/', '_')}/manifests/${tag}: status 404, no ${image}@sha256:${digit.repeat(64)}`;
    const one = failure('a/b', ['v1.0', 'v1'], reason('a/b', 'v1', '1'));
    const two = failure('c', ['latest'], reason('c', 'latest', '2'));
    expect(sizes(one, two)).toEqual([2]);
    const [group] = groupFailures([namespaceResult({ failures: [one, two] })]);
    expect(group?.reason).toBe(one.reason);
  });

  it.each([
    ['other words', failure('a', ['v1'], 'a: denied'), failure('b', ['v1'], 'b: not found')],
    ['a name that is a part of a word', failure('a', [], 'access denied'), failure('d', [], 'accss denied')],
    [
      'another host',
      failure('a', [], 'GET https://x.io/a: 404'),
      failure('b', [], 'GET https://y.io/b: 404'),
    ],
  ])('keeps %s apart', (_, one, two) => {
    expect(sizes(one, two)).toEqual([1, 1]);
  });

  it('has the largest group first, over all namespaces', () => {
    const groups = groupFailures([
      namespaceResult({ namespace: 'x.io/a', failures: [failure('one', ['v1'], 'odd')] }),
      namespaceResult({
        namespace: 'x.io/b',
        failures: [failure('p', ['v1'], 'full'), failure('q', [], 'full')],
      }),
    ]);
    expect(groups.map(({ reason }) => reason)).toEqual(['full', 'odd']);
    expect(groups[0]?.members.map(({ namespace }) => namespace)).toEqual(['x.io/b', 'x.io/b']);
  });

  it('finds no name in half of a character', () => {
    const failures = [failure('one', ['\ud83d'], 'no 🐳 here'), failure('two', [], 'no 🐳 here')];
    expect(groupFailures([namespaceResult({ failures })])).toHaveLength(1);
  });

  it('loses no failure, whatever its name has', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    const failed = fc.record({ image: text, tags: fc.array(text, { maxLength: 12 }), reason: text });
    fc.assert(
      fc.property(fc.array(failed), (failures) => {
        const members = groupFailures([namespaceResult({ failures })]).flatMap((group) => group.members);
        expect(new Set(members.map((member) => member.failure))).toEqual(new Set(failures));
        expect(members).toHaveLength(failures.length);
      }),
    );
  });
});
