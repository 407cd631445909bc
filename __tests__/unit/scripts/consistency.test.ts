import { describe, expect, it } from 'vitest';
import { type VersionedFiles, findMismatches } from '../../../scripts/release/consistency.ts';
import { parseTag } from '../../../scripts/release/version.ts';

const files: VersionedFiles = {
  'package.json': '{"version":"1.2.3"}',
  'package-lock.json': '{"version":"1.2.3","packages":{"":{"version":"1.2.3"}}}',
  'CHANGELOG.md':
    '# Changelog\n\n## [1.2.3] - 2026-11-30\n\n### Fixed\n\n- A bug.\n\n[1.2.3]: https://example.com\n',
  documents: {
    'README.md':
      'uses: gcrxio/sync-action@v1\nhttps://raw.githubusercontent.com/gcrxio/sync-action/v1/mirror.schema.json',
    'docs/a.md': 'No version.',
  },
};

function mismatches(tag: string, changed: Partial<VersionedFiles> = {}): string[] {
  const version = parseTag(tag);
  return version === undefined ? ['no version'] : findMismatches(version, { ...files, ...changed });
}

describe('findMismatches', () => {
  it('finds none where all files name the version', () => {
    expect(mismatches('v1.2.3')).toEqual([]);
  });

  it('names each file that has another version', () => {
    expect(mismatches('v1.2.4')).toEqual([
      expect.stringContaining(
        'package.json has version 1.2.3, but the tag is v1.2.4. Run: npm version 1.2.4',
      ),
      expect.stringContaining('package-lock.json has version 1.2.3'),
      expect.stringContaining('package-lock.json (packages) has version 1.2.3'),
      expect.stringContaining('no section "## [1.2.4]'),
    ]);
  });

  it('names documents of another major version, each spelling once', () => {
    const text =
      'uses: gcrxio/sync-action@v1\nuses: gcrxio/sync-action@v1\ngcrxio/sync-action/v1/mirror.schema.json';
    expect(mismatches('v2.0.0', { documents: { 'README.md': text } }).slice(4)).toEqual([
      'README.md names gcrxio/sync-action@v1, but the tag is v2.0.0. Name v2.',
      'README.md names gcrxio/sync-action/v1, but the tag is v2.0.0. Name v2.',
    ]);
  });

  it('wants a document that shows how to use the action', () => {
    expect(mismatches('v1.2.3', { documents: { 'README.md': 'Nothing.' } })).toEqual([
      'No document shows "uses: gcrxio/sync-action@v…".',
    ]);
  });
});
