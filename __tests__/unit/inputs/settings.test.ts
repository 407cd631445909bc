import { describe, expect, it } from 'vitest';
import {
  type RawSettings,
  type Settings,
  readSettings,
  resolveSettings,
} from '../../../src/inputs/settings.ts';
import { NOW } from '../../support/fixtures/inputs.ts';

function read(raw: RawSettings): { settings: Settings; problems: string[] } {
  const problems: string[] = [];
  const settings = readSettings(raw, (setting, what) => problems.push(`${setting}: ${what}`), NOW);
  return { settings, problems };
}

describe('readSettings', () => {
  it('has what is set, and nothing else', () => {
    expect(read({})).toEqual({ settings: {}, problems: [] });
    const raw: RawSettings = {
      target: ['docker.io/gcrxio', 'index.docker.io/gcrxio', 'ghcr.io/a'],
      'target-name': '{namespace}-{image}',
      platforms: ['linux/arm64/v8', 'linux/amd64', 'linux/arm64'],
      referrers: false,
      include: ['a'],
      'newer-than': '1d',
      latest: 3,
    };
    expect(read(raw)).toEqual({
      settings: {
        targets: [
          { registry: 'docker.io', path: 'gcrxio' },
          { registry: 'ghcr.io', path: 'a' },
        ],
        targetName: '{namespace}-{image}',
        platforms: ['linux/amd64', 'linux/arm64'],
        referrers: false,
        include: ['a'],
        newerThan: NOW - 86_400_000,
        latest: 3,
      },
      problems: [],
    });
  });

  it.each<[RawSettings, RegExp]>([
    [{ target: ['gcrxio'] }, /^target: .*names no registry/],
    [{ 'target-name': 'x' }, /^target-name: .*must contain \{image\} or \{name\}/],
    [{ 'target-name': '{image}{tag}' }, /^target-name: \{tag\} is not one of/],
    [{ target: [] }, /^target: is empty/],
    [{ 'target-name': 'A/{image}' }, /^target-name: .*can never be the name of a repository/],
    [{ 'target-name': '{image}--/{name}' }, /^target-name: .*can never be the name of a repository/],
    [{ platforms: ['amd64'] }, /^platforms: .*neither "all" nor a platform/],
    [{ semver: 'newest' }, /^semver: .*not a range of versions/],
    [{ latest: 0 }, /^latest: 0 is not a whole number/],
    [{ latest: 1.5 }, /^latest: 1\.5 is not a whole number/],
    [{ 'newer-than': 'soon' }, /^newer-than: .*neither an age/],
    [{ exclude: ['x'.repeat(1001)] }, /^exclude: .*longer than 1000 characters/],
  ])('refuses %j', (raw, problem) => {
    expect(read(raw).problems).toEqual([expect.stringMatching(problem)]);
  });
});

describe('resolveSettings', () => {
  const namespace = { registry: 'gcr.io', path: 'ns' };
  const target = { registry: 'docker.io', path: 'mirror' };

  it("takes the namespace's own settings first, then the inputs, then the file's defaults", () => {
    const [own, inputs, defaults] = [
      { latest: 1 },
      { latest: 2, semver: '2' },
      { latest: 3, semver: '3', targets: [target] },
    ];
    expect(resolveSettings(namespace, own, inputs, defaults)).toEqual([
      {
        namespace,
        target,
        targetName: '{image}',
        platforms: 'all',
        referrers: false,
        filters: { include: [[], []], exclude: [], latest: 1, semver: '2' },
      },
    ]);
  });

  it('narrows the patterns of the file by those of the inputs', () => {
    const resolve = (own: Settings): unknown =>
      resolveSettings(
        namespace,
        own,
        { include: ['i'], exclude: ['j'] },
        { include: ['d'], exclude: ['e'], targets: [target] },
      )[0]?.filters;
    expect(resolve({})).toEqual({ include: [['i'], ['d']], exclude: ['j', 'e'] });
    expect(resolve({ include: ['o'], exclude: ['p'] })).toEqual({
      include: [['i'], ['o']],
      exclude: ['j', 'p'],
    });
  });

  it('has the settings once for each target, and nothing where no place names one', () => {
    const targets = [target, { registry: 'ghcr.io', path: '' }];
    expect(resolveSettings(namespace, {}, { targets }, {}).map((one) => one.target)).toEqual(targets);
    expect(resolveSettings(namespace, {}, {}, {})).toEqual([]);
  });
});
