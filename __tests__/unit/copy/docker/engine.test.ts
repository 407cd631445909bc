import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../../../../src/action/sleep.ts';
import type { Exec } from '../../../../src/copy/docker/cli.ts';
import { openDockerEngine } from '../../../../src/copy/docker/open.ts';
import type { Engine } from '../../../../src/copy/engine.ts';
import { expectHeld, observe, startCopying, taskOf } from '../../../support/fixtures/copying.ts';
import { makeImage, pushImage } from '../../../support/fixtures/images.ts';
import { copyToTargets, repeatedReads } from '../../../support/fixtures/several-targets.ts';
import { silentLogger } from '../../../support/fixtures/silent-logger.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

const IMAGE = makeImage({ seed: 'docker' });

let source: MemoryRegistry;
let target: MemoryRegistry;
let folder: string;

beforeEach(async () => {
  [source, target] = await Promise.all([startMemoryRegistry(), startMemoryRegistry()]);
  folder = await mkdtemp(join(tmpdir(), 'docker-engine-'));
  await pushImage(source.url, 'img', ['v1'], IMAGE);
});
afterEach(async () => {
  await Promise.all([source, target].map((server) => server.close()));
  await rm(folder, { recursive: true });
});

/** A docker command that pushes, and keeps what it pulls and tags until it removes it. */
function startDocker(removes: (call: number) => boolean): { exec: Exec; images: Set<string> } {
  const images = new Set<string>();
  let removals = 0;
  const done = { exitCode: 0, stdout: '', stderr: '' };
  const exec: Exec = async (_, args) => {
    const [command, ...rest] = args;
    const last = rest.at(-1) ?? '';
    if (command === 'pull' || command === 'tag') images.add(last);
    if (command === 'push') await pushImage(target.url, 'mirror/img', ['v1'], IMAGE);
    if (command !== 'image') return done;
    removals += 1;
    if (!removes(removals)) return { ...done, exitCode: 1, stderr: 'signal: terminated' };
    for (const reference of rest.slice(1)) images.delete(reference);
    return done;
  };
  return { exec, images };
}

async function open(exec: Exec, logger = silentLogger, concurrency = 1): Promise<Engine> {
  return openDockerEngine({
    exec,
    env: {},
    userConfig: join(folder, 'config'),
    tempFolder: folder,
    logins: { source: new Map(), target: new Map() },
    onFolder: () => {},
    indexEngine: startCopying(source, target).engine,
    sleep,
    concurrency,
    logger,
    abort: new AbortController().signal,
  });
}

describe('DockerEngine', () => {
  it.each([
    ['after each image', () => true, 0],
    ['when it is closed, if the end of the run interrupted a removal', (call: number) => call > 1, 2],
  ])('removes what it pulled and tagged %s', async (_, removes, left) => {
    const { exec, images } = startDocker(removes);
    const engine = await open(exec);
    const observer = observe();
    await engine.copy(taskOf(startCopying(source, target), 'img', IMAGE), observer);
    expect(Array.from(observer.verified.keys())).toEqual(['v1']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(images.size).toBe(left);
    await engine.close();
    expect(images).toEqual(new Set());
    expect(await readdir(folder)).toEqual([]);
  });

  it('tags an image again only when the removal of an earlier attempt has ended', async () => {
    const { exec } = startDocker(() => true);
    const log: string[] = [];
    let pushes = 0;
    const engine = await open(async (command, args, options) => {
      if (args[0] === 'image') await new Promise((resolve) => setTimeout(resolve, 20));
      const outcome = await exec(command, args, options);
      log.push(args[0] ?? '');
      if (args[0] !== 'push') return outcome;
      pushes += 1;
      return pushes === 1 ? { exitCode: 1, stdout: '', stderr: 'denied' } : outcome;
    });
    const other = makeImage({ seed: 'moved' });
    await pushImage(source.url, 'img', ['v1'], other);
    const pair = startCopying(source, target);
    await expect(engine.copy(taskOf(pair, 'img', other), observe())).rejects.toThrow('denied');
    await engine.copy(taskOf(pair, 'img', IMAGE), observe());
    await engine.close();
    const tags = log.flatMap((command, index) => (command === 'tag' ? [index] : []));
    expect(log.slice(0, tags[1])).toContain('image');
  });

  it('pulls an image again only when its removal has ended', async () => {
    const { exec } = startDocker(() => true);
    const log: string[] = [];
    const engine = await open(async (command, args, options) => {
      if (args[0] === 'image') await new Promise((resolve) => setTimeout(resolve, 20));
      const outcome = await exec(command, args, options);
      log.push(args[0] ?? '');
      return outcome;
    });
    const pair = startCopying(source, target);
    await engine.copy(taskOf(pair, 'img', IMAGE), observe());
    await engine.copy(taskOf(pair, 'img', IMAGE), observe());
    await engine.close();
    expect(log.slice(-8)).toEqual(['pull', 'tag', 'push', 'image', 'pull', 'tag', 'push', 'image']);
  });

  it('removes several images with one command', async () => {
    const { exec } = startDocker(() => true);
    const log: string[] = [];
    const logged: Exec = async (command, args, options) => {
      log.push(args[0] ?? '');
      return exec(command, args, options);
    };
    const engine = await open(logged, silentLogger, 10);
    const pair = startCopying(source, target);
    const seeds = ['one', 'two', 'three'];
    const copies = seeds.map(async (seed) => {
      const image = makeImage({ seed });
      await pushImage(source.url, 'img', [seed], image);
      // What this docker pushes is another image: the copy fails after the push.
      await expect(engine.copy(taskOf(pair, 'img', image), observe())).rejects.toThrow('does not hold');
    });
    await Promise.all(copies);
    await engine.close();
    expect(log.filter((command) => command === 'pull')).toHaveLength(3);
    expect(log.filter((command) => command === 'image')).toHaveLength(1);
  });

  it('removes a tag whose command was interrupted by the end of the run', async () => {
    const { exec, images } = startDocker(() => true);
    const engine = await open(async (command, args, options) => {
      const outcome = await exec(command, args, options);
      return args[0] === 'tag' ? { ...outcome, exitCode: 143, stderr: 'signal: terminated' } : outcome;
    });
    const copying = engine.copy(taskOf(startCopying(source, target), 'img', IMAGE), observe());
    await expect(copying).rejects.toThrow('ended with exit code 143');
    expect(images).toEqual(new Set());
    await engine.close();
  });

  it.each([
    [
      'pull',
      'failed to register layer: Error processing tar file(exit status 1): archive/tar: invalid tar header',
    ],
    [
      'pull',
      'image operating system "windows" cannot be used on this platform: operating system is not supported',
    ],
    ['push', 'content digest sha256:0ab1: not found'],
    [
      'push',
      'missing content: content digest sha256:0ab1: not found\nNote: You are trying to push a manifest list/index which ' +
        'references multiple platform specific manifests, but not all of them are available locally',
    ],
    ['push', 'image with reference r/a:v1 was found but does not provide any platform'],
    [
      'push',
      'failed to do request: Put "http://r/v2/a/blobs/uploads/1": net/http: timeout awaiting response headers',
    ],
  ])('copies registry to registry when docker fails to %s with "%s"', async (command, stderr) => {
    const { exec, images } = startDocker(() => true);
    const lines: string[] = [];
    const failing: Exec = async (program, args, options) =>
      args[0] === command ? { exitCode: 1, stdout: '', stderr } : exec(program, args, options);
    const engine = await open(failing, { ...silentLogger, info: (line) => void lines.push(line) });
    const observer = observe();
    await engine.copy(taskOf(startCopying(source, target), 'img', IMAGE), observer);
    expect(observer.verified.get('v1')).toEqual({ digest: IMAGE.digest });
    expectHeld(target, IMAGE);
    expect(lines).toEqual([
      expect.stringMatching(/is copied registry to registry, because docker can't: docker pu/),
    ]);
    expect(lines[0]).toContain(stderr.split('\n')[0]);
    expect(images).toEqual(new Set());
    await engine.close();
  });

  it.each([
    'denied: requested access to the resource is denied',
    'unauthorized: authentication required',
    'failed to register layer: write /usr/lib/x: no space left on device',
    'received unexpected HTTP status: 503 Service Unavailable',
  ])('fails when docker fails with "%s"', async (stderr) => {
    const { exec } = startDocker(() => true);
    const engine = await open(async (program, args, options) =>
      args[0] === 'pull' ? { exitCode: 1, stdout: '', stderr } : exec(program, args, options),
    );
    const copying = engine.copy(taskOf(startCopying(source, target), 'img', IMAGE), observe());
    await expect(copying).rejects.toThrow(stderr);
    expect(target.store.repositoryNames()).toEqual([]);
    await engine.close();
  });

  it('pulls once and pushes to each target, and one that fails fails alone', async () => {
    const [second, down] = await Promise.all([startMemoryRegistry(), startMemoryRegistry()]);
    const commands: string[] = [];
    const images = new Set<string>();
    const engine = await open(async (_, args) => {
      const [command = '', ...rest] = args;
      const last = rest.at(-1) ?? '';
      commands.push(command);
      const registry = [target, second].find(({ host }) => last.startsWith(host));
      if (command === 'pull' || command === 'tag') images.add(last);
      if (command === 'push' && !registry)
        return { exitCode: 1, stdout: '', stderr: 'denied: quota exceeded' };
      if (command === 'push') await pushImage(registry?.url ?? '', 'mirror/img', ['v1'], IMAGE);
      if (command === 'image') for (const reference of rest.slice(1)) images.delete(reference);
      return { exitCode: 0, stdout: '', stderr: '' };
    });
    source.requests.length = 0;
    const wanted = [target, second, down].map((one) => ({ image: IMAGE, repository: 'img', target: one }));
    const outcomes = await copyToTargets(source, wanted, { engine });
    expect(Array.from(outcomes.values(), ([one]) => one?.verifiedTags.size)).toEqual([1, 1, 0]);
    expect(outcomes.get(down.host)?.[0]?.error).toContain('quota exceeded');
    for (const one of [target, second]) expectHeld(one, IMAGE);
    expect(commands.filter((command) => command === 'pull')).toHaveLength(1);
    expect(repeatedReads(source)).toEqual([]);
    expect(images).toEqual(new Set());
    await Promise.all([second, down].map(async (server) => server.close()));
  });
});
