import type { IncomingMessage, ServerResponse } from 'node:http';
import fc from 'fast-check';
import { Agent } from 'undici';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDirectClient } from '../../../src/github/client.ts';
import { MetadataError } from '../../../src/github/errors.ts';
import { gitBlobSha } from '../../../src/github/git-blob-sha.ts';
import { MetadataRepository } from '../../../src/github/repository.ts';
import { mergeImages } from '../../../src/mirror/record-entry.ts';
import { insertSection, readChangelog, renderSection } from '../../../src/record/changelog.ts';
import {
  ManifestError,
  parseNamespaceManifest,
  serializeNamespaceManifest,
} from '../../../src/record/namespace-manifest.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { copied, namespaceResult } from '../../support/fixtures/results.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { type TestServer, readAll, sendJson, startServer } from '../../support/network/http.ts';

/** What happens to one request: first another writer changes the file, then the answer fails. */
interface Step {
  readonly edit: 'none' | 'add' | 'reformat' | 'spoil' | 'remove';
  readonly fault: (typeof FAULTS)[number];
}

/** Those of which a run gets over some. */
const PASSING = [
  'moved',
  'a new 409',
  '502',
  'reset',
  'done and 502',
  'done and reset',
  'done and late',
  'done and a page',
  'cut off',
  'stale',
  'limit',
  'limit without end',
] as const;
const FAULTS = ['none', ...PASSING, 'empty', '404', 'far limit', 'protected'] as const;

type Edit = (step: Step['edit'], bytes: Buffer | undefined) => Buffer | undefined;

/** The contents API of one file, with the messages of the live API. */
class ContentsModel {
  bytes: Buffer | undefined;
  steps: Step[] = [];
  /** What the file was before and after each write that was done. */
  readonly writes: { readonly before: Buffer | undefined; readonly after: Buffer }[] = [];
  /** Somebody spoilt or removed the file since. */
  isUndone = false;
  readonly #edit: Edit;
  /** What a replica still has. */
  #before: Buffer | undefined;

  constructor(initial: string, edit: Edit) {
    this.bytes = Buffer.from(initial);
    this.#before = this.bytes;
    this.#edit = edit;
  }

  #change(bytes: Buffer | undefined): void {
    this.#before = this.bytes;
    this.bytes = bytes;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    const { edit, fault } = this.steps.shift() ?? { edit: 'none', fault: 'none' };
    const edited = this.#edit(edit, this.bytes);
    if (edited !== this.bytes) this.#change(edited);
    if (edit === 'spoil' || edit === 'remove') this.isUndone = true;
    if (fault.startsWith('done') && request.method === 'PUT') this.#write(body);
    switch (fault.replace('done and ', '')) {
      case 'moved':
        return sendJson(response, 409, { message: `is at ${'a'.repeat(40)} but expected ${'b'.repeat(40)}` });
      case 'a new 409':
        return sendJson(response, 409, { message: 'Somebody else is here' });
      case 'protected':
        return sendJson(response, 409, { message: 'Changes must be made through a pull request.' });
      case '502':
        return sendJson(response, 502, { message: 'Server Error' });
      case '404':
        return sendJson(response, 404, { message: 'Not Found' });
      case 'limit':
        return sendJson(response, 403, { message: 'secondary rate limit' }, { 'retry-after': '1' });
      case 'limit without end':
        return sendJson(response, 429, { message: 'Too many requests' });
      case 'far limit':
        return sendJson(response, 429, { message: 'Too many requests' }, { 'retry-after': '3600' });
      case 'reset':
        return void request.socket.resetAndDestroy();
      case 'late':
        return;
      case 'empty':
        return void response.writeHead(200).end();
      case 'a page':
        return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>');
      case 'cut off':
        response.writeHead(200, { 'content-length': 10_000 });
        return void response.write('{"version": 1,', () => request.socket.destroy());
      case 'stale':
        if (request.method === 'GET') return this.#read(response, this.#before);
        return this.#asDescribed(request, response, body);
      default:
        return this.#asDescribed(request, response, body);
    }
  }

  #asDescribed(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    if (request.method === 'PUT') {
      const { status, answer } = this.#write(body);
      return sendJson(response, status, answer);
    }
    return this.#read(response, this.bytes);
  }

  #read(response: ServerResponse, bytes: Buffer | undefined): void {
    if (bytes === undefined) return sendJson(response, 404, { message: 'Not Found' });
    response.writeHead(200, { 'content-type': 'application/vnd.github.raw+json; charset=utf-8' });
    response.end(bytes);
  }

  #write(body: Buffer): { status: number; answer: object } {
    const { content, sha } = v.parse(Put, JSON.parse(body.toString()));
    const before = this.bytes;
    if (before && sha === undefined)
      return { status: 422, answer: { message: 'Invalid request.\n\n"sha" wasn\'t supplied.' } };
    if (before && sha !== gitBlobSha(before))
      return { status: 409, answer: { message: `f.json does not match ${sha}` } };
    const after = Buffer.from(content, 'base64');
    this.#change(after);
    this.isUndone = false;
    this.writes.push({ before, after });
    return { status: before ? 200 : 201, answer: { content: { sha: gitBlobSha(after) } } };
  }
}

const Put = v.object({ content: v.string(), sha: v.optional(v.string()) });

/** A kind of file, and how a run changes it. */
interface Subject {
  readonly initial: string;
  readonly change: (current: Uint8Array | undefined) => Uint8Array;
  /** Something more by hand, the `count`th. */
  readonly add: (text: string, count: number) => string;
  readonly reformat: (text: string) => string;
  /** How often the run's part is in it, and all the rest. Throws where it is no such file. */
  readonly read: (bytes: Uint8Array | undefined) => { own: number; rest: unknown };
}

const NAMES = { path: 'f.json', source: 'gcr.io/ns', target: 'docker.io/mirror' };

const manifest: Subject = {
  initial: serializeNamespaceManifest({ ...NAMES, images: new Map([['old', new Map([['v1', digest(1)]])]]) }),
  change: (current) => {
    const images = current ? parseNamespaceManifest(current, NAMES).images : new Map();
    const merged = mergeImages(images, new Map([['own', new Map([['v1', digest(2)]])]]));
    if (current && merged === images) return current;
    return new TextEncoder().encode(serializeNamespaceManifest({ ...NAMES, images: merged }));
  },
  add: (text, count) => text.replace(/"images":\s*\{/, `$& "hand-${count}": { "v1": "${digest(3)}" },`),
  reformat: (text) => JSON.stringify(JSON.parse(text), null, 7),
  read: (bytes) => {
    if (bytes === undefined) return { own: 0, rest: undefined };
    const { images } = parseNamespaceManifest(bytes, NAMES);
    const own = images.get('own')?.size ?? 0;
    return { own, rest: new Map(Array.from(images).filter(([image]) => image !== 'own')) };
  },
};

const JOB = { runKey: '7.abc', route: 'gcr.io/ns docker.io/gcrxio' };
const SECTION = renderSection(
  namespaceResult({ namespace: 'gcr.io/ns', copied: [copied('own', { added: ['v1'] })] }),
  { time: new Date(0), timezone: 'UTC', runKey: JOB.runKey },
);

const changelog: Subject = {
  initial: '# Changelog\n\n## Before\n\n- something\n',
  change: (current) =>
    new TextEncoder().encode(insertSection(current && readChangelog(current, 'f.json'), SECTION, JOB)),
  add: (text, count) => `${text}\nLine ${count} by hand.\n`,
  reformat: (text) => text.replace('# Changelog', '# The changelog'),
  read: (bytes) => {
    const text = readChangelog(bytes ?? new Uint8Array(), 'f.json');
    const own = text.split(SECTION).length - 1;
    const rest = text.split(SECTION).join('').split('\n').filter(Boolean);
    return { own, rest };
  },
};

const NOT_UTF8 = Buffer.from([0x7b, 0xff, 0x0a]);

function modelOf({ initial, add, reformat, read }: Subject): ContentsModel {
  let count = 0;
  return new ContentsModel(initial, (edit, bytes) => {
    if (edit === 'none' || bytes === undefined) return bytes;
    if (edit === 'remove') return undefined;
    if (edit === 'spoil') return NOT_UTF8;
    try {
      read(bytes);
    } catch {
      return bytes;
    }
    const text = bytes.toString();
    return Buffer.from(edit === 'add' ? add(text, (count += 1)) : reformat(text));
  });
}

const steps = fc.array(
  fc.record({
    edit: fc.oneof(
      { arbitrary: fc.constantFrom('none', 'add', 'reformat'), weight: 12 },
      { arbitrary: fc.constantFrom('spoil', 'remove'), weight: 1 },
    ),
    fault: fc.oneof(
      { arbitrary: fc.constantFrom('none', ...PASSING), weight: 12 },
      { arbitrary: fc.constantFrom(...FAULTS), weight: 1 },
    ),
  }),
  { maxLength: 12 },
);

let server: TestServer;
let dispatcher: Agent;
let model: ContentsModel;

beforeAll(async () => {
  server = await startServer(async (request, response) => model.answer(request, response));
  dispatcher = new Agent();
});
afterAll(async () => {
  await dispatcher.close();
  await server.close();
});

function open(): MetadataRepository {
  const client = { token: 'ghs_x', apiUrl: server.url, dispatcher, logger: silentLogger };
  const octokit = createDirectClient({ ...client, timeout: 250 });
  const options = { owner: 'octo', repo: 'meta', random: () => 0.5, logger: silentLogger };
  return new MetadataRepository({ octokit, sleep: async () => {}, ...options });
}

/** Some limits in a row, of which each asks for more, are too long. */
const MOST_LIMITS = 3;

function isPassing(given: readonly Step[]): boolean {
  const passing = new Set<string>(['none', ...PASSING]);
  const limits = given.filter(({ fault }) => fault.startsWith('limit')).length;
  return limits <= MOST_LIMITS && given.every(({ edit, fault }) => edit !== 'spoil' && passing.has(fault));
}

/** What came of an update: what it threw, if anything. */
async function outcomeOf(subject: Subject): Promise<unknown> {
  return open()
    .update('f.json', 'm', subject.change)
    .then(
      () => undefined,
      (error: unknown) => error ?? 'nothing',
    );
}

describe.each([
  ['a namespace manifest', manifest],
  ['a changelog', changelog],
])('update of %s', (_, subject) => {
  it('is done exactly once or fails, whatever GitHub and other writers do', async () => {
    const count = { done: 0, failed: 0 };
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        model = modelOf(subject);
        model.steps = [...given];
        const error = await outcomeOf(subject);
        // Each write had the run's part in it for the first time, and all that was there.
        for (const { before, after } of model.writes) {
          const [old, now] = [subject.read(before), subject.read(after)];
          expect([old.own, now.own]).toEqual([0, 1]);
          // GitHub accepts any SHA for a file that was removed, and writes it again.
          expect(now.rest).toEqual(before ? old.rest : now.rest);
        }
        const isDone = error === undefined;
        count[isDone ? 'done' : 'failed'] += 1;
        if (isDone) return model.writes.length > 0 && (model.isUndone || subject.read(model.bytes).own === 1);
        return (error instanceof MetadataError || error instanceof ManifestError) && !isPassing(given);
      }),
      { numRuns: 60 },
    );
    expect(Math.min(count.done, count.failed)).toBeGreaterThan(0);
  }, 60_000);
});
