import type { Comment } from '../mirror/comment.ts';
import { plural } from '../mirror/format.ts';
import { codeBlock, codeSpan, escapeMarkdown, link } from '../mirror/markdown.ts';
import type { Answer, AnswerState, Proposal } from '../mirror/request.ts';
import { isDigest, referenceSeparator } from '../oci/digest.ts';

const RETRY = 'Remove the label and add it again to have it tried once more.';

/** The comment that answers a request. */
export function renderAnswer(answers: readonly Answer[], proposal?: Proposal): Comment {
  const there = answers.filter(({ state }) => state === 'mirrored' || state === 'present');
  const rows = answers.map(
    (one) => `| ${codeSpan(one.line)} | ${resultOf(one)} | ${one.digest ? codeSpan(one.digest) : ''} |`,
  );
  const isLeft = answers.some(({ state }) => state === 'failed' || state === 'pending');
  const parts = [
    `**${headingOf(answers, there.length)}**\n`,
    `| Requested | Result | Digest |\n| --- | --- | --- |\n${rows.join('\n')}\n`,
    ...(there.length > 0 ? [codeBlock(there.map(pullCommand).join('\n'), 'sh')] : []),
    ...(proposal ? [`${describeProposal(proposal)}\n`] : []),
    ...(isLeft ? [`${RETRY}\n`] : []),
  ];
  return { body: parts.join('\n'), isNews: true };
}

/** The comment on a request that has mistakes. Nothing was mirrored. */
export function renderMistakes(problems: readonly string[]): Comment {
  const lines = problems.map((problem) => `- ${escapeMarkdown(problem)}`);
  const remedy =
    'Correct the issue, or open another one. Then have the label removed and added again: an edit alone changes nothing.';
  return { body: `**Nothing was mirrored.**\n\n${lines.join('\n')}\n\n${remedy}\n`, isNews: true };
}

/** The comment on a request whose run broke off. */
export function renderBrokenOff(error: string): Comment {
  return {
    body: `**The run broke off before it was done:** ${escapeMarkdown(error)}\n\n${RETRY}\n`,
    isNews: true,
  };
}

function headingOf(answers: readonly Answer[], there: number): string {
  if (there === answers.length) return `${plural(there, 'image')} can be pulled from the mirror.`;
  if (answers.every(({ state }) => state === 'planned')) return 'A dry run: nothing was mirrored.';
  return `${there} of ${plural(answers.length, 'image')} can be pulled from the mirror.`;
}

const RESULTS: Readonly<Record<Exclude<AnswerState, 'failed'>, string>> = {
  mirrored: 'mirrored',
  present: 'was mirrored already',
  planned: 'would be mirrored',
  pending: 'the run ended first: left for another run',
  excluded: 'excluded by the filters of this mirror',
};

function resultOf({ state, reason = '' }: Answer): string {
  return state === 'failed' ? `could not be mirrored: ${escapeMarkdown(reason)}` : RESULTS[state];
}

function pullCommand({ repository = '', reference, digest }: Answer): string {
  const name = `docker pull ${repository}${referenceSeparator(reference)}${reference}`;
  const pinned = digest === undefined || isDigest(reference) ? '' : `@${digest}`;
  return name + pinned;
}

function describeProposal(proposal: Proposal): string {
  if (proposal.kind === 'listed') return 'The list has these images already.';
  if (proposal.kind === 'failed')
    return `The images could not be proposed for the list: ${escapeMarkdown(proposal.problem)}`;
  return `A pull request adds the mirrored images to the list: ${proposalLink(proposal.url)}.`;
}

function proposalLink(text: string): string {
  const url = URL.parse(text);
  return url?.protocol === 'https:'
    ? link(`#${url.pathname.split('/').at(-1) ?? ''}`, url)
    : escapeMarkdown(text);
}
