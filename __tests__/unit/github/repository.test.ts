import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDirectClient } from '../../../src/github/client.ts';
import { MetadataError } from '../../../src/github/errors.ts';
import { gitBlobSha } from '../../../src/github/git-blob-sha.ts';
import { type RepositoryOptions, MetadataRepository } from '../../../src/github/repository.ts';
import { type RecordedImages, mergeImages } from '../../../src/mirror/record-entry.ts';
import {
  parseNamespaceManifest,
  serializeNamespaceManifest,
} from '../../../src/record/namespace-manifest.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { type GitHubStandIn, startGitHub } from '../../support/github/stand-in.ts';
import { TOKENS } from '../../support/github/tokens.ts';
import { sendJson } from '../../support/network/http.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;

let github: GitHubStandIn;
const dispatcher = new Agent();

beforeAll(async () => {
  github = await startGitHub({
    'octo/meta': {},
    'octo/empty': { empty: true },
    'octo/archived': { archived: true },
    'octo/protected': { protected: true },
  });
});

afterAll(async () => {
  await dispatcher.destroy();
  await github.close();
});

beforeEach(() => {
  github.requests.length = 0;
});

afterEach(() => {
  delete github.intercept;
  github.writeTime = 5;
});

function open(options: Partial<RepositoryOptions> & { token?: string } = {}): MetadataRepository {
  const { token = TOKENS.write, ...rest } = options;
  const client = { token, apiUrl: github.url, dispatcher, logger: silentLogger, timeout: REQUEST_TIMEOUT };
  const octokit = createDirectClient(client);
  return new MetadataRepository({
    octokit,
    owner: 'octo',
    repo: 'meta',
    sleep: async (ms) => delay(ms / 100),
    random: Math.random,
    logger: silentLogger,
    ...rest,
  });
}

/** Milliseconds; the test of a request that hangs waits so long. */
const REQUEST_TIMEOUT = 2000;

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A change that adds a line and, as `update` requires, recognizes its own line. */
function addLine(line: string): (current: Uint8Array | undefined) => Uint8Array {
  return (current) => {
    const lines = new TextDecoder().decode(current).split('\n').filter(Boolean);
    return encode(`${[...lines.filter((other) => other !== line), line].join('\n')}\n`);
  };
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof MetadataError))
    throw new Error('It did not fail with a MetadataError', { cause: error });
  return error.message;
}

function count(method: string, path = '/contents/'): number {
  return github.requests.filter((request) => request.method === method && request.path.includes(path)).length;
}

describe('check', () => {
  it('accepts a repository that exists, an empty one too', async () => {
    await expect(open().check()).resolves.toBeUndefined();
    await expect(open({ repo: 'empty' }).check()).resolves.toBeUndefined();
  });

  it('asks again after a failure, and keeps the answer', async () => {
    github.intercept = (_, response) => {
      sendJson(response, 503, { message: 'No server is available' });
      return true;
    };
    const repository = open({ sleep: async () => undefined });
    expect(await failure(repository.check())).toContain('No server is available');
    delete github.intercept;
    await repository.check();
    const requests = github.requests.length;
    await repository.check();
    expect(github.requests).toHaveLength(requests);
  });

  it('names the inputs when the token sees no such repository', async () => {
    const message = await failure(open({ repo: 'nowhere' }).check());
    for (const part of [
      'octo/nowhere',
      'metadata-repository',
      'github-token',
      'fine-grained',
      'GitHub App',
    ]) {
      expect(message).toContain(part);
    }
  });

  it('accepts an archived repository, which can be read', async () => {
    await expect(open({ repo: 'archived' }).check()).resolves.toBeUndefined();
  });

  it('reports that the token is not valid', async () => {
    expect(await failure(open({ token: 'not-a-token' }).check())).toContain('"github-token" is not valid');
  });
});

describe('read', () => {
  it('returns undefined where no file is', async () => {
    expect(await open().read('nowhere/a.json')).toBeUndefined();
    expect(await open({ repo: 'empty' }).read('a.json')).toBeUndefined();
  });

  it('names metadata-branch when the branch does not exist', async () => {
    const message = await failure(open({ branch: 'records' }).read('a.json'));
    expect(message).toContain('"records"');
    expect(message).toContain('metadata-branch');
  });

  it('encodes each part of the path', async () => {
    const path = 'a b/c#d?e/{f}%/ü.json';
    await open().update(path, 'm', () => encode('here\n'));
    expect(await open().read(path)).toEqual(encode('here\n'));
    expect(count('PUT', '/contents/a%20b/c%23d%3Fe/%7Bf%7D%25/%C3%BC.json')).toBe(1);
  });

  it.each([
    'application/vnd.github.raw+json; charset=utf-8',
    'application/json; charset=utf-8',
    'text/plain',
    undefined,
  ])('gives the bytes as they are, answered as %s', async (type) => {
    const bytes = randomBytes(3_000_000);
    github.intercept = (_, response) => {
      response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(bytes);
      return true;
    };
    expect(bytes.equals((await open().read('a.bin')) ?? new Uint8Array())).toBe(true);
  });

  it('tells an empty file from a missing one', async () => {
    github.intercept = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.github.raw+json' }).end();
      return true;
    };
    expect(await open().read('a.bin')).toEqual(new Uint8Array());
  });

  it('retries when GitHub fails for a moment', async () => {
    await github.putFile('octo/meta', 'later.json', 'here\n');
    let fails = 2;
    github.intercept = (_, response) => {
      if (fails === 0) return false;
      fails -= 1;
      sendJson(response, 502, { message: 'Server Error' });
      return true;
    };
    expect(await open().read('later.json')).toEqual(encode('here\n'));
  });

  it('reports a token that may not read', async () => {
    github.intercept = (_, response) => {
      sendJson(response, 403, { message: 'Resource not accessible by integration' });
      return true;
    };
    expect(await failure(open().read('a.json'))).toContain('"github-token" lacks the permission');
  });
});

describe('listFiles', () => {
  it('names all files with the SHA of their content, in one request', async () => {
    await github.putFile('octo/meta', 'listed/a b.txt', 'content');
    github.requests.length = 0;
    const files = await open().listFiles();
    expect(files.get('listed/a b.txt')).toBe(gitBlobSha(Buffer.from('content')));
    expect(files.has('listed')).toBe(false);
    expect(github.requests.map(({ path }) => path)).toEqual(['/repos/octo/meta/git/trees/HEAD?recursive=1']);
    expect(await open({ branch: 'main' }).listFiles()).toEqual(files);
    expect(github.violations).toEqual([]);
  });

  it('finds none in an empty repository', async () => {
    expect(await open({ repo: 'empty' }).listFiles()).toEqual(new Map());
    github.intercept = (_request, response) => {
      sendJson(response, 409, { message: 'Git Repository is empty.' });
      return true;
    };
    expect(await open().listFiles()).toEqual(new Map());
  });

  it.each([
    ['cut off', { tree: [], truncated: true }, /has more files than GitHub lists/],
    ['no list', { message: 'hello' }, /could not be read/],
  ])('refuses an answer that is %s', async (_, answer, message) => {
    github.intercept = (_request, response) => {
      sendJson(response, 200, answer);
      return true;
    };
    await expect(open().listFiles()).rejects.toThrow(message);
  });
});

describe('update', () => {
  it('waits for a change that takes time', async () => {
    const change = async (): Promise<Uint8Array> => delay(5, Buffer.from('late'));
    expect(await open().update('late.txt', 'late', change)).toBe(true);
    expect(await github.file('octo/meta', 'late.txt')).toBe('late');
  });

  it('makes the first commit of an empty repository', async () => {
    const repository = open({ repo: 'empty' });
    expect(await repository.update('gcr.io/a.json', 'first', () => encode('1\n'))).toBe(true);
    expect(await github.file('octo/empty', 'gcr.io/a.json')).toBe('1\n');
    expect(await repository.read('gcr.io/a.json')).toEqual(encode('1\n'));
  });

  it('commits under its message, as the token unless a committer is given', async () => {
    const bodies: unknown[] = [];
    github.intercept = (request, _, body) => {
      if (request.method === 'PUT') bodies.push(JSON.parse(body.toString()));
      return false;
    };
    const committer = { name: 'Mirror', email: 'mirror@example.test' };
    await open().update('who.txt', 'by the token', addLine('one'));
    await open({ committer, branch: 'main' }).update('who.txt', 'by a committer', addLine('two'));
    expect(bodies).toEqual([
      { message: 'by the token', content: Buffer.from('one\n').toString('base64') },
      {
        message: 'by a committer',
        content: Buffer.from('one\ntwo\n').toString('base64'),
        sha: gitBlobSha(encode('one\n')),
        branch: 'main',
        committer,
        author: committer,
      },
    ]);
    const commits = await github.commits('octo/meta');
    expect(commits.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['by the token', 'by a committer']),
    );
  });

  it('makes no commit when the file stays as it is', async () => {
    await github.putFile('octo/meta', 'same.txt', 'one\n');
    expect(await open().update('same.txt', 'm', addLine('one'))).toBe(false);
    expect(count('PUT')).toBe(0);
  });

  it('writes nothing when the change refuses the file', async () => {
    await github.putFile('octo/meta', 'broken.json', '{ not a manifest');
    const work = open().update('broken.json', 'm', (current) => {
      const expected = { path: 'broken.json', source: 'gcr.io/ns', target: 'docker.io/mirror' };
      const manifest = parseNamespaceManifest(current ?? new Uint8Array(), expected);
      return encode(serializeNamespaceManifest(manifest));
    });
    await expect(work).rejects.toThrow('broken.json');
    expect(count('PUT')).toBe(0);
    expect(await github.file('octo/meta', 'broken.json')).toBe('{ not a manifest');
  });

  it('never overwrites a file that became invalid since it was read', async () => {
    await github.putFile('octo/meta', 'turned.txt', 'fine\n');
    let seen = 0;
    const work = open().update('turned.txt', 'm', (current) => {
      seen += 1;
      const text = new TextDecoder().decode(current);
      if (text !== 'fine\n') throw new Error('not valid any more');
      return encode(`${text}more\n`);
    });
    github.intercept = async (request) => {
      if (request.method === 'PUT') await github.putFile('octo/meta', 'turned.txt', 'broken by hand');
      return false;
    };
    await expect(work).rejects.toThrow('not valid any more');
    expect(seen).toBe(2);
    expect(await github.file('octo/meta', 'turned.txt')).toBe('broken by hand');
  });

  it.each([
    ['a stale SHA', 'there\n'],
    ['a file that was not there', undefined],
  ])('merges with a writer that came between: %s', async (_, before) => {
    const path = `race-${before === undefined ? 'new' : 'old'}.txt`;
    if (before !== undefined) await github.putFile('octo/meta', path, before);
    let between = 0;
    github.intercept = async (request) => {
      if (request.method !== 'PUT' || between > 0) return false;
      between += 1;
      await github.putFile('octo/meta', path, `${before ?? ''}other\n`);
      return false;
    };
    expect(await open().update(path, 'm', addLine('mine'))).toBe(true);
    expect(await github.file('octo/meta', path)).toBe(`${before ?? ''}other\nmine\n`);
    expect(count('PUT')).toBe(2);
  });

  it('completes 20 concurrent writers of one file, and loses nothing', async () => {
    github.writeTime = 20;
    const waits: number[] = [];
    const sleep = async (ms: number): Promise<void> => {
      waits.push(ms);
      await delay(ms / 20);
    };
    const names = Array.from({ length: 20 }, (_, index) => `image-${index}`);
    const expected = { path: 'all.json', source: 'gcr.io/ns', target: 'docker.io/mirror' };
    await Promise.all(
      names.map(async (image) =>
        open({ sleep }).update('all.json', image, (current) => {
          const images: RecordedImages = current
            ? parseNamespaceManifest(current, expected).images
            : new Map();
          const merged = mergeImages(images, new Map([[image, new Map([['latest', DIGEST]])]]));
          return encode(serializeNamespaceManifest({ ...expected, images: merged }));
        }),
      ),
    );
    const stored = parseNamespaceManifest((await open().read('all.json')) ?? new Uint8Array(), expected);
    expect(Array.from(stored.images.keys())).toEqual(names.toSorted());
    // They did collide, and no two of them waited alike.
    expect(waits.length).toBeGreaterThan(20);
    expect(new Set(waits).size).toBe(waits.length);
    const statuses = github.requests.filter(({ method }) => method === 'PUT').map(({ status }) => status);
    expect(statuses.filter((status) => ![200, 201, 409, 422].includes(status))).toEqual([]);
    expect(statuses.filter((status) => status < 300)).toHaveLength(20);
  }, 60_000);

  it('completes writers of different files of one branch', async () => {
    github.writeTime = 20;
    const paths = Array.from({ length: 10 }, (_, index) => `apart/${index}.txt`);
    await Promise.all(paths.map(async (path) => open().update(path, 'm', addLine(path))));
    const stored = await Promise.all(paths.map(async (path) => github.file('octo/meta', path)));
    expect(stored).toEqual(paths.map((path) => `${path}\n`));
  });

  it.each(['an error', 'a broken connection', 'no answer in time'])(
    'does not write again what was written though %s came back',
    async (trouble) => {
      const path = `lost-answer-${trouble.replaceAll(' ', '-')}.txt`;
      github.intercept = async (request, response, body) => {
        if (request.method !== 'PUT') return false;
        const { content }: { content: string } = JSON.parse(body.toString());
        await github.putFile('octo/meta', path, Buffer.from(content, 'base64').toString());
        if (trouble === 'an error') sendJson(response, 502, { message: 'Server Error' });
        else if (trouble === 'a broken connection') response.destroy();
        return true;
      };
      expect(await open().update(path, 'm', addLine('mine'))).toBe(true);
      expect(count('PUT')).toBe(1);
      expect(await github.file('octo/meta', path)).toBe('mine\n');
    },
  );

  it.each([
    ['another file', 'before\n'],
    ['no file', undefined],
  ])(
    'is made though GitHub still answers with what was there before the last write: %s',
    async (_, before) => {
      const path = `stale-${before === undefined ? 'missing' : 'old'}.txt`;
      const repository = open();
      const setTo = async (text: string | undefined): Promise<boolean> =>
        repository.update(path, 'm', () => (text === undefined ? undefined : encode(text)));
      await setTo(before);
      await setTo('between\n');
      let stale = 2;
      github.intercept = (request, response) => {
        if (request.method !== 'GET' || stale === 0) return false;
        stale -= 1;
        if (before === undefined) sendJson(response, 404, { message: 'Not Found' });
        else response.end(before);
        return true;
      };
      const seen: (string | undefined)[] = [];
      await repository.update(path, 'm', (current) => {
        seen.push(current && new TextDecoder().decode(current));
        return before === undefined ? current : encode(before);
      });
      expect(seen).toEqual([before, before, 'between\n']);
      expect(await github.file('octo/meta', path)).toBe(before ?? 'between\n');
    },
  );

  it('believes GitHub in the end that somebody took back the last write', async () => {
    const repository = open();
    await repository.update('reverted.txt', 'm', addLine('mine'));
    await repository.update('reverted.txt', 'm', addLine('more'));
    await github.putFile('octo/meta', 'reverted.txt', 'mine\n');
    expect(await repository.update('reverted.txt', 'm', (current) => current)).toBe(false);
    expect(await repository.update('reverted.txt', 'm', addLine('more'))).toBe(true);
  });

  it('keeps what others added on top of a write whose answer was lost', async () => {
    let lost = false;
    github.intercept = async (request, response, body) => {
      if (request.method !== 'PUT' || lost) return false;
      lost = true;
      const { content }: { content: string } = JSON.parse(body.toString());
      await github.putFile('octo/meta', 'on-top.txt', `other\n${Buffer.from(content, 'base64').toString()}`);
      response.destroy();
      return true;
    };
    expect(await open().update('on-top.txt', 'm', addLine('mine'))).toBe(true);
    expect(await github.file('octo/meta', 'on-top.txt')).toBe('other\nmine\n');
    expect(count('PUT')).toBe(1);
  });

  it('writes again when a failed write was not done', async () => {
    let fails = 2;
    github.intercept = (request, response) => {
      if (request.method !== 'PUT' || fails === 0) return false;
      fails -= 1;
      sendJson(response, 500, { message: 'Server Error' });
      return true;
    };
    expect(await open().update('not-done.txt', 'm', addLine('mine'))).toBe(true);
    expect(count('PUT')).toBe(3);
    expect(await github.file('octo/meta', 'not-done.txt')).toBe('mine\n');
  });

  it('gives up in the end, and names the cause', async () => {
    github.intercept = (request, response) => {
      if (request.method !== 'PUT') return false;
      sendJson(response, 503, { message: 'No server is available' });
      return true;
    };
    const waits: number[] = [];
    const sleep = async (ms: number): Promise<void> => {
      waits.push(ms);
    };
    const message = await failure(open({ sleep }).update('never.txt', 'm', addLine('mine')));
    expect(message).toContain('octo/meta/never.txt');
    expect(message).toContain('No server is available');
    expect(count('PUT')).toBe(waits.length + 1);
    expect(Math.max(...waits)).toBeLessThan(62_000);
  });

  it.each([
    ['octo/protected', TOKENS.write, undefined, 'its branch is protected'],
    ['octo/archived', TOKENS.write, undefined, 'unarchive it'],
    ['octo/meta', TOKENS.readOnly, undefined, 'permissions: contents: write'],
    ['octo/meta', TOKENS.other, undefined, 'fine-grained token or a GitHub App token'],
    ['octo/meta', TOKENS.write, 'records', 'metadata-branch'],
    ['octo/nowhere', TOKENS.write, undefined, '"github-token"'],
    ['octo/meta', 'not-a-token', undefined, '"github-token" is not valid'],
  ])('says why %s can not be written (%s, branch %s), at once', async (name, token, branch, remedy) => {
    const repo = name.slice('octo/'.length);
    const repository = open({ repo, token, ...(branch !== undefined && { branch }) });
    const message = await failure(repository.update('a/b.json', 'm', () => encode('1\n')));
    expect(message).toContain(remedy);
    expect(message).toContain(name);
    expect(count('PUT')).toBeLessThan(2);
  });

  it('reports a branch that was deleted before the write', async () => {
    github.intercept = (request, response) => {
      sendJson(response, 404, {
        message: request.method === 'PUT' ? 'Branch records not found' : 'Not Found',
      });
      return true;
    };
    const message = await failure(open({ branch: 'records' }).update('a.json', 'm', () => encode('1\n')));
    expect(message).toContain('"metadata-branch"');
    expect(count('PUT')).toBe(1);
  });

  it('refuses a file that GitHub would not accept before sending it', async () => {
    const bytes = new Uint8Array(40_000_000);
    const message = await failure(open().update('large.json', 'm', () => bytes));
    expect(message).toContain('octo/meta/large.json');
    expect(message).toContain('40000000 bytes');
    expect(count('PUT')).toBe(0);
  });

  it('writes and reads a manifest of 40,000 tags', async () => {
    const tags = new Map(Array.from({ length: 100 }, (_, tag) => [`v1.${tag}`, DIGEST] as const));
    const images: RecordedImages = new Map(
      Array.from({ length: 400 }, (_, image) => [`image-${image}`, tags]),
    );
    const manifest = { path: 'large.json', source: 'gcr.io/ns', target: 'docker.io/mirror' };
    const bytes = encode(serializeNamespaceManifest({ ...manifest, images }));
    expect(bytes.length).toBeGreaterThan(3_000_000);
    const repository = open();
    expect(await repository.update('large.json', 'm', () => bytes)).toBe(true);
    expect(Buffer.from(bytes).equals((await repository.read('large.json')) ?? new Uint8Array())).toBe(true);
    expect(await repository.update('large.json', 'm', (current) => current ?? bytes)).toBe(false);
    // The SHA was computed from those bytes, so GitHub accepts it.
    expect(await repository.update('large.json', 'm', () => encode('small\n'))).toBe(true);
    expect(count('PUT')).toBe(2);
  });

  it('sends what GitHub describes', () => {
    expect(github.violations).toEqual([]);
  });
});
