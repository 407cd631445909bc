/** A pull request, and the step of a workflow that looks after one comment on it. */
export interface PullRequest {
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
  /** Tells this step of this workflow from others that comment on the same pull request. */
  readonly step: string;
}

/** What a pull request's comment says. */
export interface Comment {
  readonly body: string;
  /** False when there is nothing to do: then it is worth a comment only where an earlier one says otherwise. */
  readonly isNews: boolean;
}
