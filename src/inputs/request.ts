import * as v from 'valibot';
import type { ImageRequest } from '../mirror/request.ts';
import { commentPlace } from './comment-place.ts';
import { type ListedReference, parseImageList, withoutDuplicates } from './image-list.ts';
import type { InputSource } from './input-source.ts';
import type { BaseInputs } from './inputs.ts';
import { IMAGES_HEADING, imagesSection, isListWanted } from './issue-form.ts';
import { type InputReader, show } from './reader.ts';
import { formatReference } from './reference.ts';

/** A request is read by people before they label it. */
export const MOST_REQUESTED = 20;
/** GitHub's own limit is 65,536 characters. */
const LONGEST_BODY_CHARACTERS = 70_000;

const User = v.object({ login: v.string() });
/** https://docs.github.com/en/webhooks/webhook-events-and-payloads?actionType=labeled#issues */
const Event = v.object({
  action: v.string(),
  issue: v.object({
    number: v.pipe(v.number(), v.integer(), v.minValue(1)),
    body: v.nullish(v.string(), ''),
    user: v.nullish(User),
    author_association: v.optional(v.string(), 'NONE'),
  }),
  sender: User,
});
type Event = v.InferOutput<typeof Event>;

/** Those who may label issues, or are trusted as much. */
const TRUSTED = new Set(['OWNER', 'MEMBER', 'COLLABORATOR']);

/** A request, and its references as a list of images. */
export interface ReadRequest extends ImageRequest {
  readonly listed: readonly ListedReference[];
}

/**
 * Reads the input `request`, and the request in the issue that started the workflow. Mistakes of the workflow are left to
 * `reader.finish`; those of the issue are in `problems`, for the answer.
 *
 * @returns undefined if the input is false, or the workflow has mistakes
 */
export function readRequest(
  reader: InputReader,
  source: InputSource,
  base: Pick<BaseInputs, 'mode' | 'engine' | 'shard' | 'requestAccounts'>,
  listPath: string | undefined,
): ReadRequest | undefined {
  if (!reader.boolean('request')) return undefined;
  const problem = (what: string): void => reader.problem('request', what);
  if (base.mode !== 'sync') problem('needs "mode: sync"');
  if (base.shard.total !== 1) problem('is for one job, and "shard-total" names more');
  if (base.engine === 'docker' && !base.requestAccounts)
    problem(
      'needs "engine: registry": docker pulls with every account that it is logged in to, and would mirror private ' +
        'images for anyone who asks. Or set "request-accounts: true" if they may be mirrored',
    );
  const event = readEvent(source, problem);
  const place = event && commentPlace(source, 'issue', event.issue.number);
  return place && { place, ...readBody(event, listPath) };
}

/** The event, if it is one that a person with the permission to label issues caused. */
function readEvent({ eventName, event }: InputSource, problem: (what: string) => void): Event | undefined {
  const parsed = v.safeParse(Event, event);
  if (eventName !== 'issues' || !parsed.success || parsed.output.action !== 'labeled') {
    const found = parsed.success ? `${eventName}, ${parsed.output.action}` : eventName;
    problem(
      `the workflow runs on ${show(found)}. Only a label proves that somebody with the permission to triage issues saw the ` +
        'request: run it on "issues" with "types: [labeled]"',
    );
    return undefined;
  }
  const { issue, sender } = parsed.output;
  const isOwnLabel = issue.user?.login === sender.login;
  if (isOwnLabel && !TRUSTED.has(issue.author_association)) {
    problem(
      'whoever opened the issue also set its label, without belonging to the repository. Remove "labels" from the issue form: ' +
        'it sets them for anyone',
    );
    return undefined;
  }
  return parsed.output;
}

function readBody(
  { issue: { body: text } }: Event,
  listPath: string | undefined,
): Omit<ReadRequest, 'place'> {
  const body = text ?? '';
  const problems: string[] = [];
  const isTooLong = body.length > LONGEST_BODY_CHARACTERS;
  const section = isTooLong ? '' : imagesSection(body);
  const report = (place: string, what: string): unknown => problems.push(`${place}: ${what}`);
  const parsed = parseImageList(section ?? '', (line) => `line ${line}`, report);
  const listed = withoutDuplicates(parsed, report);
  if (isTooLong) problems.push(`the issue has more than ${LONGEST_BODY_CHARACTERS} characters`);
  else if (section === undefined)
    problems.push(`the issue has no section with the heading "${IMAGES_HEADING}"`);
  else if (listed.length === 0 && problems.length === 0)
    problems.push(`no image is named below the heading "${IMAGES_HEADING}"`);
  if (listed.length > MOST_REQUESTED)
    problems.push(`${listed.length} images are requested, and an issue may request ${MOST_REQUESTED}`);
  const wantsList = listPath !== undefined && !isTooLong && isListWanted(body);
  return {
    listed,
    images: listed.map((one) => ({ ...one, line: lineOf(one) })),
    problems,
    ...(wantsList && { listPath }),
  };
}

/** A reference as a line of the input `images`. */
function lineOf(one: ListedReference): string {
  const platforms = one.platforms === undefined || one.platforms === 'all' ? [] : one.platforms;
  const prefix = platforms.length === 0 ? '' : `--platform=${platforms.join(',')} `;
  return prefix + formatReference(one);
}
