import { MetadataError } from '../github/errors.ts';
import type { MetadataRepository } from '../github/repository.ts';
import { formatNamespace } from '../mirror/namespace.ts';
import type { NamespaceManifest } from '../mirror/record-entry.ts';
import type { NamespaceIdentity } from '../plan/namespace-plan.ts';
import { parseNamespaceManifest } from '../record/namespace-manifest.ts';

/** Reads the namespace manifests of a run. */
export class RecordReader {
  readonly #metadata: Pick<MetadataRepository, 'check' | 'read' | 'listFiles'>;
  #paths: Promise<ReadonlySet<string>> | undefined;

  constructor(metadata: Pick<MetadataRepository, 'check' | 'read' | 'listFiles'>) {
    this.#metadata = metadata;
  }

  /**
   * What is recorded of a namespace; nothing if there is no file.
   *
   * @throws ManifestError, MetadataError with the remedy
   */
  async read({ settings, name: source, recordPath: path }: NamespaceIdentity): Promise<NamespaceManifest> {
    const target = formatNamespace(settings.target);
    const bytes = (await this.#metadata.read(path)) ?? (await this.#confirmMissing(path));
    if (bytes) return parseNamespaceManifest(bytes, { path, source, target });
    return { source, target, images: new Map() };
  }

  /** A repository that the token can't see answers like one without the file. */
  async #confirmMissing(path: string): Promise<Uint8Array | undefined> {
    const [bytes] = await Promise.all([this.#readListed(path), this.#metadata.check()]);
    return bytes;
  }

  /**
   * GitHub may answer for a moment that a file does not exist; without its record, a namespace would be mirrored once more as a whole.
   * https://github.com/MaterializeInc/materialize/pull/38697
   */
  async #readListed(path: string): Promise<Uint8Array | undefined> {
    if (!(await (this.#paths ??= this.#listPaths())).has(path)) return undefined;
    const bytes = await this.#metadata.read(path);
    if (bytes) return bytes;
    const message = `${path} exists, and GitHub answers that it does not: run again later`;
    throw new MetadataError(message, { kind: 'given-up' });
  }

  /** None where GitHub does not list all files. */
  async #listPaths(): Promise<ReadonlySet<string>> {
    const files = await this.#metadata.listFiles().catch(() => new Map<string, string>());
    return new Set(files.keys());
  }
}
