import { addToList } from '../inputs/add-to-list.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { Comment } from '../mirror/comment.ts';
import { codeSpan } from '../mirror/markdown.ts';
import type { Answer, ImageRequest, Proposal, RequestedReference } from '../mirror/request.ts';
import { messageOf, printable } from '../oci/errors.ts';
import { renderAnswer, renderBrokenOff, renderMistakes } from '../report/answer.ts';
import type { RunResult } from '../report/result.ts';
import type { Deps, Runner } from './deps.ts';

type Request = Pick<Inputs, 'request' | 'dryRun'>;

/**
 * Answers a request that has mistakes.
 *
 * @returns why the job fails, which an annotation says already; undefined if there are no mistakes
 */
export async function refuseRequest(
  { request }: Request,
  deps: Deps,
  runner: Runner,
): Promise<string | undefined> {
  if (!request || request.problems.length === 0) return undefined;
  await keep(request, renderMistakes(request.problems), deps, runner);
  const problems = request.problems.map((problem) => printable(problem));
  const message = `The request of issue #${request.place.number} can't be mirrored:\n- ${problems.join('\n- ')}`;
  runner.annotate({ level: 'error', message });
  return message;
}

/** Answers a request whose run broke off. */
export async function answerBrokenOff(
  { request }: Request,
  error: unknown,
  deps: Deps,
  runner: Runner,
): Promise<void> {
  if (request) await keep(request, renderBrokenOff(messageOf(error)), deps, runner);
}

/** Answers a request with what became of its images, and proposes them for the list if it asks for that. */
export async function answerRequest(
  { request, dryRun }: Request,
  { answers = [] }: RunResult,
  deps: Deps,
  runner: Runner,
): Promise<void> {
  if (!request) return;
  const proposal = dryRun ? undefined : await propose(request, answers, deps);
  if (proposal?.kind === 'failed') {
    const message = `The requested images could not be proposed for the list: ${proposal.problem}`;
    runner.annotate({ level: 'warning', message });
  }
  await keep(request, renderAnswer(answers, proposal), deps, runner);
}

/** Keeps the comment. If it can't be written, the job summary has the answer. */
async function keep(
  { place }: ImageRequest,
  comment: Comment,
  { comments, logger }: Deps,
  runner: Runner,
): Promise<void> {
  const problem = await comments?.keepComment(place, comment);
  if (problem === undefined) {
    logger.info(`The comment on issue #${place.number} is up to date.`);
    return;
  }
  runner.annotate({ level: 'warning', message: problem });
  await runner.writeSummary(comment.body);
}

/** Only images that are in the mirror are proposed. */
async function propose(
  { place, images, listPath }: ImageRequest,
  answers: readonly Answer[],
  { listProposals }: Deps,
): Promise<Proposal | undefined> {
  if (listPath === undefined || !listProposals) return undefined;
  const isThere = ({ state }: Answer): boolean => state === 'mirrored' || state === 'present';
  const mirrored = images.filter(({ line }) => {
    const own = answers.filter((answer) => answer.line === line);
    return own.length > 0 && own.every(isThere);
  });
  if (mirrored.length === 0) return undefined;
  const isAll = mirrored.length === images.length;
  try {
    const url = await listProposals.propose(place, {
      path: listPath,
      title: `Add images of request #${place.number} to the list`,
      body: describe(mirrored, `${isAll ? 'Closes' : 'Part of'} #${place.number}.`),
      update: (text) => addToList(text, mirrored),
    });
    return url === undefined ? { kind: 'listed' } : { kind: 'proposed', url };
  } catch (error) {
    return { kind: 'failed', problem: printable(messageOf(error)) };
  }
}

function describe(images: readonly RequestedReference[], issue: string): string {
  const lines = images.map(({ line }) => `- ${codeSpan(line)}`);
  return `The mirror has these images since they were requested:\n\n${lines.join('\n')}\n\n${issue}\n`;
}
