/** A pull request or an issue, and the part of a comment on it that one job keeps up to date. */
export interface CommentPlace {
  /** What the comment is on. */
  readonly kind: 'pull request' | 'issue';
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
  /** Identifies the step of the workflow. All jobs of a matrix share one, and one comment. */
  readonly step: string;
  readonly part: CommentPart;
}

/** Which part of a step's comment belongs to a job. */
export interface CommentPart {
  /** Identifies the job among those of its matrix: a hash. */
  readonly key: string;
  /** Names the job to people; empty where the step has no matrix, and so writes the comment alone. */
  readonly title: string;
  /** The workflow run. A later run has a higher number. */
  readonly run: number;
}

/** What a comment says. */
export interface Comment {
  readonly body: string;
  /** False when there is nothing to do. That is worth a comment only where an earlier one says otherwise. */
  readonly isNews: boolean;
}
