import { describe, expect, it } from 'vitest';
import type { Inputs } from '../../../src/inputs/inputs.ts';
import { MOST_REQUESTED } from '../../../src/inputs/request.ts';
import { formatNamespace } from '../../../src/mirror/namespace.ts';
import { inputProblems, loadTestInputs, parseTestInputs } from '../../support/fixtures/inputs.ts';
import { issueBody, labeled, onIssue } from '../../support/fixtures/issues.ts';

const GIVEN = { request: 'true', engine: 'registry' };

function read(body: unknown, given: Record<string, string> = {}): Inputs {
  return parseTestInputs({ ...GIVEN, ...given }, onIssue(labeled(body)));
}

const problems = (body: unknown, given: Record<string, string> = {}): readonly string[] =>
  read(body, given).request?.problems ?? [];

describe('a request', () => {
  it('is the only thing that is mirrored', () => {
    const images = issueBody('nginx:1.27\nquay.io/coreos/etcd:v3.5.0, --platform');
    expect(problems(images)).toHaveLength(1);
    const inputs = read(issueBody('nginx:1.27\nquay.io/coreos/etcd:v3.5.0'), { images: 'busybox:1' });
    expect(
      inputs.namespaces.map(({ namespace, isListOnly }) => [formatNamespace(namespace), isListOnly]),
    ).toEqual([
      ['docker.io/library', true],
      ['quay.io/coreos', true],
    ]);
    expect(inputs.request).toMatchObject({
      place: { kind: 'issue', owner: 'octo', repo: 'meta', number: 7 },
      images: [{ line: 'docker.io/library/nginx:1.27' }, { line: 'quay.io/coreos/etcd:v3.5.0' }],
      problems: [],
    });
    expect(inputs.request).not.toHaveProperty('listPath');
  });

  it('is not read without the input', () => {
    const inputs = parseTestInputs({}, onIssue(labeled(issueBody('nginx'))));
    expect(inputs).not.toHaveProperty('request');
    expect(inputs.namespaces).toHaveLength(1);
  });

  it('has the settings of the config file, whose sources are not mirrored', async () => {
    const file =
      'defaults: { target: docker.io/gcrxio }\nnamespaces: { gcr.io/distroless: }\nimages:\n  - source: nginx\n    tags: ["1.27"]\n    name: web\n';
    const inputs = await loadTestInputs(GIVEN, file, onIssue(labeled(issueBody('nginx:1.27'))));
    expect(inputs.namespaces).toMatchObject([{ list: [{ image: 'nginx', names: ['web'] }] }]);
  });

  it('names the list only where the issue asks for it and the workflow has one', () => {
    const body = issueBody('nginx', { list: true });
    expect(read(body).request).not.toHaveProperty('listPath');
    expect(read(body, { 'images-file': 'images.txt' }).request?.listPath).toBe('images.txt');
    expect(read(issueBody('nginx'), { 'images-file': 'images.txt' }).request).not.toHaveProperty('listPath');
  });

  it('keeps the platforms of a line', () => {
    expect(read(issueBody('--platform=linux/arm64 busybox:1')).request?.images).toMatchObject([
      { line: '--platform=linux/arm64 docker.io/library/busybox:1' },
    ]);
  });
});

describe('mistakes of the issue', () => {
  it.each([
    ['no text', null, 'the issue has no section with the heading "### Images"'],
    ['an empty field', '### Images\n\n_No response_', 'no image is named below the heading "### Images"'],
    [
      'an option',
      issueBody('--config=/etc/passwd nginx'),
      'line 1: "--config=/etc/passwd nginx" has an option',
    ],
    ['a shell', issueBody('nginx\n$(id)'), 'line 2: "$(id)" is not an image reference'],
    [
      'an expression',
      issueBody('${{ secrets.TOKEN }}'),
      'line 1: "${{ secrets.TOKEN }}" is not an image reference',
    ],
    ['a mention', issueBody('@octo'), 'line 1: "@octo" is not an image reference'],
    ['a character without width', issueBody('ngi\u200bnx'), 'line 1: '],
    ['another script', issueBody('nginх'), 'line 1: '],
    ['a path', issueBody('../../etc/passwd'), 'line 1: '],
    ['prose', '### Images\n\nplease mirror nginx', 'line 1: "please mirror nginx" is not an image reference'],
    ['a megabyte', issueBody('a'.repeat(1_000_000)), 'the issue has more than 70000 characters'],
    ['the target itself', issueBody('docker.io/gcrxio/base:1'), 'target: "docker.io/gcrxio" would get'],
    ['two digests', issueBody(`a/b:1@sha256:${'a'.repeat(64)}\na/b:1@sha256:${'b'.repeat(64)}`), 'line 2: '],
  ])('are kept for the answer: %s', (_, body, problem) => {
    const inputs = read(body);
    expect(inputs.request?.problems).toEqual([expect.stringContaining(problem)]);
    expect(inputs.namespaces).toEqual([]);
  });

  it('are more images than an issue may request', () => {
    const images = (count: number): string =>
      Array.from({ length: count }, (_, index) => `nginx:${index}`).join('\n');
    expect(problems(issueBody(images(MOST_REQUESTED)))).toEqual([]);
    expect(problems(issueBody(images(MOST_REQUESTED + 1)))).toEqual([
      '21 images are requested, and an issue may request 20',
    ]);
  });
});

describe('mistakes of the workflow', () => {
  const body = issueBody('nginx');
  const wrong = (given: Record<string, string>, context = onIssue(labeled(body))): string =>
    inputProblems({ ...GIVEN, ...given }, context);

  it('are docker with all of its accounts, other modes, and several jobs', () => {
    expect(wrong({ engine: 'docker' })).toContain('request: needs "engine: registry"');
    expect(wrong({ engine: 'docker', 'request-accounts': 'true' })).toBe('none');
    expect(wrong({ mode: 'plan' })).toContain('request: needs "mode: sync"');
    expect(wrong({ 'shard-total': '2' })).toContain('request: is for one job');
  });

  it.each([
    ['another event', { ...onIssue(labeled(body)), eventName: 'issue_comment' }],
    ['no event', onIssue(undefined)],
    ['an opened issue', onIssue({ ...labeled(body), action: 'opened' })],
    ['an edited issue', onIssue({ ...labeled(body), action: 'edited' })],
    ['a number that is none', onIssue(labeled(body, { number: '7/../8' }))],
    ['a body that is none', onIssue(labeled({ toString: 'nginx' }))],
  ])('are %s', (_, context) => {
    expect(wrong({}, context)).toMatch(/^request: the workflow runs on .*"types: \[labeled\]"$/);
  });

  it('are labels that whoever opens an issue gets', () => {
    const own = { ...labeled(body), sender: { login: 'stranger' } };
    expect(wrong({}, onIssue(own))).toContain('Remove "labels" from the issue form');
    const member = { ...labeled(body, { author_association: 'MEMBER' }), sender: { login: 'stranger' } };
    expect(wrong({}, onIssue(member))).toBe('none');
  });
});
