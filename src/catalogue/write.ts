import { gitBlobSha } from '../github/git-blob-sha.ts';
import type { MetadataRepository } from '../github/repository.ts';
import { WriteSession } from '../github/write-session.ts';
import { plural } from '../mirror/format.ts';
import { messageOf } from '../oci/errors.ts';
import type { Logger } from '../oci/logger.ts';
import { isOwnBadge, renderBadge } from './badge.ts';
import { CatalogueError, parseCatalogue, serializeCatalogue } from './catalogue-file.ts';
import { type Catalogue, type CataloguePart, countCatalogue } from './catalogue.ts';
import { isOwnClientFile, renderClients } from './clients/clients.ts';
import { isOwnPage, renderPage } from './page.ts';
import { type FileShas, readPart, refreshCatalogue, staleManifests } from './refresh.ts';

export { reasonToLeave } from './turn.ts';

/** Where the catalogue is kept, and what it is made from. */
export interface CatalogueSettings {
  /** The folder of the metadata repository. */
  readonly folder: string;
  /** The input `manifest-path`. */
  readonly manifestPath: string;
  /** Message of every commit. Default: made from the counts. */
  readonly commitMessage: string | undefined;
}

export interface CatalogueDeps {
  readonly metadata: Pick<MetadataRepository, 'read' | 'update' | 'listFiles'>;
  readonly now: () => Date;
  readonly logger: Logger;
  /** Reads the page as it was built. */
  readonly readCataloguePage: () => Promise<string>;
}

/**
 * Brings the files of the catalogue up to date with the namespace manifests of the metadata repository. A run after which
 * nothing changed takes two requests; the badge is written once a day all the same.
 *
 * @returns what could not be written, for people
 */
export async function writeCatalogue(settings: CatalogueSettings, deps: CatalogueDeps): Promise<string[]> {
  try {
    await new CatalogueWriter(settings, deps).write();
    return [];
  } catch (error) {
    return [`The catalogue in ${settings.folder} is not up to date. ${messageOf(error)}`];
  }
}

/** Files of the catalogue that are made from `catalogue.json`. */
type Rendered = ReadonlyMap<string, { readonly text: string; readonly isOwn: (text: string) => boolean }>;

/** Manifests that are read at a time. */
const READS = 8;

class CatalogueWriter {
  readonly #settings: CatalogueSettings;
  readonly #deps: CatalogueDeps;
  readonly #session = new WriteSession('final');
  readonly #jsonPath: string;

  constructor(settings: CatalogueSettings, deps: CatalogueDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#jsonPath = `${settings.folder}/catalogue.json`;
  }

  async write(): Promise<void> {
    const { catalogue, files } = await this.#updateData();
    const rendered = await this.#render(catalogue);
    const changed = Array.from(rendered).filter(
      ([path, { text }]) => files.get(path) !== gitBlobSha(Buffer.from(text)),
    );
    for (const [path] of changed) await this.#updateFile(path, catalogue, files, rendered);
    const { images, tags } = countCatalogue(catalogue);
    this.#deps.logger.info(
      `The catalogue has ${plural(images, 'image')} and ${plural(tags, 'tag')}; ${plural(changed.length, 'file')} made from it changed.`,
    );
  }

  /**
   * `catalogue.json` is read before the manifests are: if another job writes it in between, this write fails and starts
   * again. The last write therefore knows all that any other knew.
   */
  async #updateData(): Promise<{ catalogue: Catalogue; files: FileShas }> {
    let catalogue: Catalogue = [];
    let files: FileShas = new Map();
    const change = async (current: Uint8Array | undefined): Promise<Uint8Array> => {
      const before = current ? parseCatalogue(current, this.#jsonPath) : [];
      files = await this.#deps.metadata.listFiles();
      if (current && !files.has(this.#jsonPath)) throw notListed(this.#jsonPath);
      catalogue = refreshCatalogue(before, files, await this.#readParts(before, files));
      return current && catalogue === before ? current : Buffer.from(serializeCatalogue(catalogue));
    };
    await this.#deps.metadata.update(this.#jsonPath, this.#message(), change, this.#session);
    return { catalogue, files };
  }

  async #readParts(before: Catalogue, files: FileShas): Promise<CataloguePart[]> {
    const { manifestPath, folder } = this.#settings;
    const paths = staleManifests(before, files, manifestPath, folder);
    const changed = `${this.#deps.now().toISOString().slice(0, 19)}Z`;
    const parts: CataloguePart[] = [];
    for (let start = 0; start < paths.length; start += READS) {
      const some = paths.slice(start, start + READS).map(async (path) => this.#readPart(path, changed));
      parts.push(...(await Promise.all(some)).flatMap((part) => part ?? []));
    }
    return parts;
  }

  async #readPart(path: string, changed: string): Promise<CataloguePart | undefined> {
    const bytes = await this.#deps.metadata.read(path);
    return bytes && readPart(bytes, { path, sha: gitBlobSha(bytes), changed });
  }

  async #render(catalogue: Catalogue): Promise<Rendered> {
    const { folder } = this.#settings;
    const clients = Array.from(renderClients(catalogue), ([path, text]) => ({
      path,
      text,
      isOwn: isOwnClientFile,
    }));
    const page = renderPage(await this.#deps.readCataloguePage(), catalogue);
    const files = [
      { path: 'index.html', text: page, isOwn: isOwnPage },
      ...clients.map((file) => ({ ...file, path: `clients/${file.path}` })),
      { path: 'badge.json', text: renderBadge(catalogue, this.#deps.now()), isOwn: isOwnBadge },
    ];
    return new Map(files.map(({ path, text, isOwn }) => [`${folder}/${path}`, { text, isOwn }]));
  }

  /** A file that changed since the branch was listed was written by another job: it is made again from the newest data. */
  async #updateFile(path: string, catalogue: Catalogue, files: FileShas, rendered: Rendered): Promise<void> {
    const change = async (current: Uint8Array | undefined): Promise<Uint8Array | undefined> => {
      const sha = current && gitBlobSha(current);
      const isAsListed = sha === files.get(path);
      const newest = isAsListed ? rendered : await this.#render(await this.#readData(catalogue));
      const file = newest.get(path);
      if (!file) return current;
      if (current && !file.isOwn(new TextDecoder().decode(current))) throw notOwn(path);
      return Buffer.from(file.text);
    };
    await this.#deps.metadata.update(path, this.#message(catalogue), change, this.#session);
  }

  async #readData(fallback: Catalogue): Promise<Catalogue> {
    const bytes = await this.#deps.metadata.read(this.#jsonPath);
    return bytes ? parseCatalogue(bytes, this.#jsonPath) : fallback;
  }

  #message(catalogue?: Catalogue): string {
    const { commitMessage } = this.#settings;
    if (commitMessage !== undefined || !catalogue) return commitMessage ?? 'Catalogue: update the data';
    return `Catalogue: ${plural(countCatalogue(catalogue).tags, 'tag')}`;
  }
}

/** GitHub may answer for a moment that there are no files; then all parts of the catalogue would seem to be gone. */
function notListed(path: string): CatalogueError {
  return new CatalogueError(`GitHub does not list ${path}, which exists: run again later`);
}

function notOwn(path: string): CatalogueError {
  return new CatalogueError(
    `${path} was not written by this action, and was not changed. Move it away, or name another folder in "catalogue"`,
  );
}
