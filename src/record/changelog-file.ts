import type { MetadataRepository } from '../github/repository.ts';
import type { WriteSession } from '../github/write-session.ts';
import { addToArchive, archiveChangelog } from './changelog-archive.ts';
import { insertSection, isSectionOf, readChangelog } from './changelog.ts';

export interface ChangelogFileDeps {
  readonly metadata: Pick<MetadataRepository, 'update'>;
  readonly now: () => Date;
  /** Identifies this job of this run. */
  readonly runKey: string;
}

/** The sections that must be in their archive files before the changelog can be written without them. */
class ArchiveFirst extends Error {
  override readonly name = 'ArchiveFirst';
  readonly archives: ReadonlyMap<string, readonly string[]>;

  constructor(archives: ReadonlyMap<string, readonly string[]>) {
    super('sections of the changelog are to be archived first');
    this.archives = archives;
  }
}

/**
 * Adds `sections` to the changelog. When it has grown too large, its oldest sections are written to their archive files first,
 * so that a run that is killed in between leaves a section twice, and loses none.
 *
 * @throws MetadataError with the remedy
 */
export async function writeChangelog(
  path: string,
  message: string,
  sections: readonly { readonly route: string; readonly text: string }[],
  { metadata, now, runKey }: ChangelogFileDeps,
  session: WriteSession,
): Promise<void> {
  const archived = new Set<string>();
  const options = {
    path,
    year: now().getUTCFullYear(),
    isOwn: (section: string) => isSectionOf(section, runKey),
  };
  const change = (bytes: Uint8Array | undefined): Uint8Array => {
    const before = bytes && readChangelog(bytes, path);
    const text = sections.reduce<string | undefined>(
      (current, { route, text: section }) => insertSection(current, section, { runKey, route }),
      before,
    );
    const { current, archives } = archiveChangelog(text ?? '', options);
    const isSafe = Iterator.from(archives.values()).every((moved) => moved.every((one) => archived.has(one)));
    if (!isSafe) throw new ArchiveFirst(archives);
    return new TextEncoder().encode(current);
  };
  for (;;) {
    try {
      await metadata.update(path, message, change, session);
      return;
    } catch (error) {
      if (!(error instanceof ArchiveFirst)) throw error;
      for (const [file, moved] of error.archives) {
        const add = (bytes: Uint8Array | undefined): Uint8Array =>
          new TextEncoder().encode(addToArchive(bytes && readChangelog(bytes, file), moved));
        await metadata.update(file, `Changelog: set old sections aside in ${file}`, add, session);
        for (const section of moved) archived.add(section);
      }
    }
  }
}
