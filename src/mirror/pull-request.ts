/** A pull request, and the workflow step that maintains one comment on it. */
export interface PullRequest {
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
  /** Distinguishes this workflow step from others that comment on the same pull request. */
  readonly step: string;
}

/** The content of a comment on a pull request. */
export interface Comment {
  readonly body: string;
  /** False when there is nothing to do: then an existing comment is updated, and no new one is created. */
  readonly isNews: boolean;
}
