import { Octokit } from 'octokit';
import * as v from 'valibot';
import { gitBlobSha } from '../../../src/github/git-blob-sha.ts';
import type { VirtualClock } from './virtual-clock.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
const REQUESTS_PER_HOUR = 1000;
const WRITES_PER_MINUTE = 80;
const WRITES_PER_HOUR = 500;
const READ_MS = 150;
const WRITE_MS = 800;

const PutBody = v.object({ content: v.string(), sha: v.optional(v.string()) });

interface Answer {
  readonly status: number;
  readonly body?: object | Buffer;
  readonly headers?: Record<string, string>;
}

/** The contents API of one branch with GitHub's limits, in virtual time. All jobs share one GITHUB_TOKEN. */
export class VirtualGitHub {
  readonly files = new Map<string, Buffer>();
  readonly counts = { requests: 0, writes: 0, conflicts: 0, limited: 0 };
  readonly #clock: VirtualClock;
  /** Requests since the start of the hour's window. */
  #used = 0;
  #windowEnd = 0;
  #writes: number[] = [];
  #head = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  octokit(): Octokit {
    return new Octokit({
      auth: 'token',
      throttle: { enabled: false },
      retry: { enabled: false },
      log: { debug() {}, info() {}, warn() {}, error() {} },
      request: {
        fetch: async (url: string, options: { readonly method?: string; readonly body?: string }) => {
          const { status, body = {}, headers } = await this.#answer(new URL(url), options);
          const date = new Date(this.#clock.now()).toUTCString();
          const type = Buffer.isBuffer(body) ? 'application/vnd.github.raw+json' : 'application/json';
          return new Response(Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body), {
            status,
            headers: { date, 'content-type': type, ...headers },
          });
        },
      },
    });
  }

  async #answer(
    { pathname }: URL,
    { method = 'GET', body = '' }: { readonly method?: string; readonly body?: string },
  ): Promise<Answer> {
    this.counts.requests += 1;
    await this.#clock.sleep(READ_MS);
    const limit = this.#limit(method);
    if (limit) {
      this.counts.limited += 1;
      return limit;
    }
    if (!pathname.includes('/contents/')) return { status: 200, body: { archived: false } };
    const path = decodeURIComponent(pathname.split('/contents/')[1] ?? '');
    if (method === 'PUT') return this.#put(path, v.parse(PutBody, JSON.parse(body)));
    const file = this.files.get(path);
    return file ? { status: 200, body: file } : { status: 404, body: { message: 'Not Found' } };
  }

  async #put(path: string, { content, sha }: v.InferOutput<typeof PutBody>): Promise<Answer> {
    const head = this.#head;
    await this.#clock.sleep(WRITE_MS);
    const current = this.files.get(path);
    if (current && sha !== gitBlobSha(current)) {
      this.counts.conflicts += 1;
      return { status: 409, body: { message: `${path} does not match ${sha ?? ''}` } };
    }
    if (this.#head !== head) {
      this.counts.conflicts += 1;
      return { status: 409, body: { message: 'is at aaaa but expected bbbb' } };
    }
    const bytes = Buffer.from(content, 'base64');
    this.files.set(path, bytes);
    this.#head += 1;
    this.counts.writes += 1;
    return { status: 200, body: { content: { sha: gitBlobSha(bytes) } } };
  }

  #limit(method: string): Answer | undefined {
    const now = this.#clock.now();
    if (now >= this.#windowEnd) {
      this.#windowEnd = now + HOUR_MS;
      this.#used = 0;
    }
    if (this.#used >= REQUESTS_PER_HOUR) {
      const reset = String(Math.ceil(this.#windowEnd / 1000));
      const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
      return { status: 403, headers, body: { message: 'API rate limit exceeded' } };
    }
    this.#used += 1;
    if (method !== 'PUT') return undefined;
    this.#writes = this.#writes.filter((time) => time > now - HOUR_MS);
    const lastMinute = this.#writes.filter((time) => time > now - MINUTE_MS).length;
    if (lastMinute >= WRITES_PER_MINUTE || this.#writes.length >= WRITES_PER_HOUR) {
      const headers = { 'retry-after': '60' };
      return { status: 403, headers, body: { message: 'You have exceeded a secondary rate limit' } };
    }
    this.#writes.push(now);
    return undefined;
  }
}
