/** A complete plan job of the action, started as the runner starts it, against a registry with the real tags. */
import * as v from 'valibot';
import { startGitHub } from '../../__tests__/support/github/stand-in.ts';
import { TOKENS } from '../../__tests__/support/github/tokens.ts';
import { sendJson, startServer } from '../../__tests__/support/network/http.ts';
import { runAction } from '../../__tests__/support/run/runner.ts';
import { imageKey } from '../../src/mirror/image-key.ts';
import { formatNamespace } from '../../src/mirror/namespace.ts';
import { type PlanCase, REAL_WORK, answerOf, manifestOf } from './cases.ts';

const Matrix = v.object({ include: v.array(v.object({ tags: v.number() })) });
const TARGET = { registry: 'docker.io', path: 'gcrxio' };
/** All images of all namespaces go to one namespace, in which some would have the same name. */
const TARGET_NAME = '{namespace}/{image}';
const PRINT_PEAK =
  'data:text/javascript,import{readFileSync}from"node:fs";process.on("exit",()=>console.log("peak "+/VmHWM:\\s*(.*)/.exec(readFileSync("/proc/self/status"))[1]))';

export async function benchPlanJob(cases: readonly PlanCase[]): Promise<void> {
  const answers = answersOf(cases);
  const requested = new Set<string>();
  let requests = 0;
  const registry = await startServer(async (request, response) => {
    requests += 1;
    const [path = '', query] = (request.url ?? '').split('?');
    requested.add(path);
    // One list has the length of a page: what follows it is requested.
    const answer = query === undefined ? answers.get(path) : '{"tags": []}';
    if (answer === undefined) return sendJson(response, 404, {});
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(answer);
  });
  const github = await startGitHub({ 'octo/meta': {} });
  try {
    for (const one of cases) {
      const namespace = `${registry.host}/${one.namespace}`;
      const source = { registry: registry.host, path: one.namespace };
      const keyOf = (image: string): string => imageKey(TARGET_NAME, TARGET, source, image);
      const manifest = manifestOf({ ...one, namespace }, formatNamespace(TARGET), keyOf);
      await github.putFile('octo/meta', `${namespace}.json`, manifest);
    }
    const run = await runAction({
      inputs: {
        mode: 'plan',
        namespaces: cases.map(({ namespace }) => `${registry.host}/${namespace}`).join('\n'),
        target: formatNamespace(TARGET),
        'target-name': TARGET_NAME,
      },
      apiUrl: github.url,
      token: TOKENS.write,
      wrapper: [process.execPath, '--import', PRINT_PEAK],
    });
    if (run.exitCode !== 0) throw new Error(run.log);
    const { include } = v.parse(Matrix, JSON.parse(run.outputs['matrix'] ?? ''));
    const tags = include.reduce((sum, entry) => sum + entry.tags, 0);
    if (tags !== REAL_WORK || requested.size !== answers.size)
      throw new Error(
        `${tags} tags in the matrix, ${requested.size} of ${answers.size} repositories requested`,
      );
    const peak = Number(/peak (\d+) kB/.exec(run.log)?.[1]) / 1000;
    console.log(
      `plan job: ${requests} requests for ${answers.size} repositories and folders, ${tags} tags in ${include.length} jobs, ` +
        `${run.duration.toFixed(0)} ms, peak memory ${peak.toFixed(0)} MB`,
    );
  } finally {
    await Promise.all([github.close(), registry.close()]);
  }
}

/** The answers by path, for each repository and each intermediate folder. */
function answersOf(cases: readonly PlanCase[]): Map<string, string> {
  const answers = new Map<string, string>();
  for (const { namespace, listed } of cases) {
    const repositories = Object.keys(listed).map((image) => `${namespace}/${image}`);
    const nodes = new Set([namespace]);
    for (const repository of repositories) {
      for (let end = repository.length; end > namespace.length; end = repository.lastIndexOf('/', end - 1))
        nodes.add(repository.slice(0, end));
    }
    for (const node of nodes) {
      const tags = listed[node.slice(namespace.length + 1)] ?? {};
      answers.set(`/v2/${node}/tags/list`, answerOf(node, repositories, tags));
    }
  }
  return answers;
}
