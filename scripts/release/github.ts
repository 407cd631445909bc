/** GitHub's REST API with nothing but Node: no package runs where a token may write. */

export interface GitHubOptions {
  /** `https://api.github.com` */
  readonly apiUrl: string;
  /** `owner/name` */
  readonly repository: string;
  readonly token: string;
}

type Json = Readonly<Record<string, unknown>>;

/** An answer of GitHub with a status that was not expected. Holds no token. */
export class GitHubError extends Error {
  override readonly name = 'GitHubError';
  readonly status: number;

  constructor(method: string, path: string, status: number, message: string) {
    super(`GitHub answered ${method} ${path} with ${status}: ${message}`);
    this.status = status;
  }
}

/** Requests below `/repos/{owner}/{name}` of one repository. */
export class GitHubRepository {
  readonly #options: GitHubOptions;

  constructor(options: GitHubOptions) {
    this.#options = options;
  }

  /** `path` starts with `/`. @throws GitHubError unless the status is 2xx */
  async get(path: string): Promise<unknown> {
    return this.#request('GET', this.#urlOf(path));
  }

  /** Like `get`; undefined for 404. */
  async find(path: string): Promise<unknown> {
    try {
      return await this.get(path);
    } catch (error) {
      if (error instanceof GitHubError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** All pages of a list. */
  async list(path: string): Promise<unknown[]> {
    const all: unknown[] = [];
    for (let page = 1; ; page++) {
      const items = listAt(await this.get(`${path}?per_page=100&page=${page}`));
      all.push(...items);
      if (items.length < 100) return all;
    }
  }

  async send(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: Json): Promise<unknown> {
    return this.#request(method, this.#urlOf(path), body && JSON.stringify(body), 'application/json');
  }

  /** @param url of a release's `upload_url`, without its template: another host than the API's */
  async upload(url: string, name: string, bytes: Uint8Array, mediaType: string): Promise<unknown> {
    return this.#request('POST', `${url}?name=${encodeURIComponent(name)}`, bytes, mediaType);
  }

  #urlOf(path: string): string {
    return `${this.#options.apiUrl}/repos/${this.#options.repository}${path}`;
  }

  async #request(
    method: string,
    url: string,
    body?: string | Uint8Array,
    mediaType?: string,
  ): Promise<unknown> {
    const response = await fetch(url, {
      method,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${this.#options.token}`,
        'user-agent': 'gcrxio/sync-action',
        'x-github-api-version': '2022-11-28',
        ...(body !== undefined && { 'content-type': mediaType ?? 'application/octet-stream' }),
      },
      ...(body !== undefined && { body }),
      // The token is for this host alone.
      redirect: 'error',
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    const path = new URL(url).pathname;
    if (!response.ok) throw new GitHubError(method, path, response.status, messageOf(text));
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }
}

function messageOf(text: string): string {
  try {
    return textAt(JSON.parse(text), 'message');
  } catch {
    return text.slice(0, 200);
  }
}

/** A text inside an answer. @throws if it is not there */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = valueAt(value, path);
  if (typeof found !== 'string') throw new Error(`GitHub's answer has no text ${path.join('.')}`);
  return found;
}

/** A number inside an answer. @throws if it is not there */
export function numberAt(value: unknown, ...path: readonly string[]): number {
  const found = valueAt(value, path);
  if (typeof found !== 'number') throw new Error(`GitHub's answer has no number ${path.join('.')}`);
  return found;
}

export function booleanAt(value: unknown, ...path: readonly string[]): boolean {
  const found = valueAt(value, path);
  if (typeof found !== 'boolean')
    throw new Error(`GitHub's answer has no true or false at ${path.join('.')}`);
  return found;
}

/** A list inside an answer, or the answer itself. @throws if it is none */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found: unknown = valueAt(value, path);
  if (!Array.isArray(found)) throw new Error(`GitHub's answer has no list ${path.join('.')}`);
  return found;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    const fields = new Map<string, unknown>(Object.entries(inner ?? {}));
    return fields.get(key);
  }, value);
}
