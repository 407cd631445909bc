import type { CommentPlace } from './comment.ts';
import type { Namespace } from './namespace.ts';
import type { ExactReference } from './settings.ts';

/** The images that an issue asks for. */
export interface ImageRequest {
  /** The issue, and the comment that answers it. */
  readonly place: CommentPlace;
  readonly images: readonly RequestedReference[];
  /** What is wrong with the request, or with the inputs for it. If there is anything, nothing is mirrored. */
  readonly problems: readonly string[];
  /** The list to which a pull request is to add the images: its path in the workflow's repository. */
  readonly listPath?: string;
}

/** A reference that the issue names. */
export interface RequestedReference extends ExactReference {
  readonly namespace: Namespace;
  readonly image: string;
  /** A line of the input `images`, in full: `docker.io/library/nginx:1.27`. */
  readonly line: string;
}

/** What became of a requested reference at one target. */
export interface Answer {
  /** As in `RequestedReference`. */
  readonly line: string;
  readonly state: AnswerState;
  /** `docker.io/gcrxio/nginx` */
  readonly repository?: string;
  /** A tag, or a digest where the request names no tag. */
  readonly reference: string;
  /** What the target holds. Set where the image is there. */
  readonly digest?: string;
  /** Why the image is not there, with the remedy. Untrusted: parts of it may come from a registry. */
  readonly reason?: string;
}

/**
 * `mirrored`: by this run. `present`: before it. `planned`: a dry run. `pending`: left for another run. `excluded`: by the
 * filters of the workflow.
 */
export type AnswerState = 'mirrored' | 'present' | 'planned' | 'pending' | 'excluded' | 'failed';

/** What became of the wish to have the images in the list. */
export type Proposal =
  | { readonly kind: 'proposed'; readonly url: string }
  /** The list has all of them. */
  | { readonly kind: 'listed' }
  /** Cause and remedy. */
  | { readonly kind: 'failed'; readonly problem: string };
