import type { Annotation } from './annotations.ts';

/** What a run tells GitHub's runner. The real one is @actions/core's; tests pass their own. */
export interface Runner {
  annotate(annotation: Annotation): void;
  setOutput(name: string, value: string): void;
  writeSummary(markdown: string): Promise<void>;
  /** Writes the JSON report and gives its path. */
  writeReport(json: string): Promise<string>;
}
