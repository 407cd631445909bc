import { describe, expect, it } from 'vitest';
import { readChangelogSection } from '../../../scripts/release/changelog.ts';

const CHANGELOG = `# Changelog

## [Unreleased]

## [1.1.0] - 2026-12-01

### Added

- The input \`x\`.

### Fixed

- A bug.

## [1.0.0] - 2026-11-30

First version.

[Unreleased]: https://github.com/gcrxio/sync-action/compare/v1.1.0...HEAD
[1.1.0]: https://github.com/gcrxio/sync-action/compare/v1.0.0...v1.1.0
[1.0.0]: https://github.com/gcrxio/sync-action/releases/tag/v1.0.0
`;

describe('readChangelogSection', () => {
  it('returns the date and the notes of one version', () => {
    expect(readChangelogSection(CHANGELOG, '1.1.0')).toEqual({
      date: '2026-12-01',
      notes: '### Added\n\n- The input `x`.\n\n### Fixed\n\n- A bug.',
    });
  });

  it('leaves link definitions out of the last section', () => {
    expect(readChangelogSection(CHANGELOG, '1.0.0').notes).toBe('First version.');
  });

  it.each([
    ['a version that is not there', CHANGELOG, '2.0.0', 'no section "## [2.0.0] - YYYY-MM-DD"'],
    ['a missing date', CHANGELOG.replace(' - 2026-12-01', ''), '1.1.0', 'has no date'],
    ['a date that is none', CHANGELOG.replace('2026-12-01', '2026-13-01'), '1.1.0', 'has no date'],
    ['an empty section', CHANGELOG.replace('First version.', ''), '1.0.0', 'says nothing about 1.0.0'],
    [
      'an unknown heading',
      CHANGELOG.replace('### Fixed', '### Bugs'),
      '1.1.0',
      '"### Bugs" of 1.1.0 is none of Added',
    ],
    ['a missing link', CHANGELOG.replace('[1.1.0]: ', '[1.1]: '), '1.1.0', 'no link for [1.1.0]'],
  ])('refuses %s', (_, changelog, version, message) => {
    expect(() => readChangelogSection(changelog, version)).toThrow(message);
  });
});
