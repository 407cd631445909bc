/**
 * What files were before this job wrote them. GitHub may answer with that for some seconds more.
 * https://github.com/PyGithub/PyGithub/issues/2709
 */
export class ReplacedFiles {
  /** By path: SHAs, and undefined where no file was. */
  readonly #replaced = new Map<string, Set<string | undefined>>();

  /** To be called after a file was written. */
  note(path: string, before: string | undefined, after: string): void {
    const replaced = this.#replaced.get(path) ?? new Set();
    this.#replaced.set(path, replaced);
    replaced.add(before);
    replaced.delete(after);
  }

  /** True when the file may be another by now, because this job has replaced one with this SHA. */
  mayBeOutdated(path: string, sha: string | undefined): boolean {
    return this.#replaced.get(path)?.has(sha) === true;
  }
}
