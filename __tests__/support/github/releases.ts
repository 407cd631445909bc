import { createHash } from 'node:crypto';
import { createEmulator } from 'emulate';
import * as v from 'valibot';
import { type TestServer, readAll, sendJson, startServer } from '../network/http.ts';
import { freePort } from '../run/process.ts';
import { OpenApiCheck } from './openapi.ts';
import { TOKENS } from './tokens.ts';

export interface LoggedWrite {
  readonly method: string;
  /** Without `/repos/octo/action`. */
  readonly path: string;
  readonly body: unknown;
}

/** GitHub's releases and git data, stateful, with immutable releases and uploads on a host of their own. */
export interface ReleasesStandIn {
  readonly apiUrl: string;
  readonly repository: string;
  /** SHA of the commit that `main` has. */
  readonly head: string;
  /** Requests that write, in their order. */
  readonly writes: LoggedWrite[];
  /** Where a request or an answer was not as GitHub's OpenAPI description says. */
  readonly violations: string[];
  /** Uploads that are refused with 502, from the first. */
  failingUploads: number;
  /** What GET answers below `/repos/octo/action`. */
  readonly get: (path: string) => Promise<unknown>;
  /** Sends a request as somebody else. */
  readonly send: (method: string, path: string, body: unknown) => Promise<unknown>;
  close(): Promise<void>;
}

const REPOSITORY = 'octo/action';
const AUTHORIZED = { authorization: `Bearer ${TOKENS.write}`, 'content-type': 'application/json' };
const Sha = v.object({ sha: v.string() });
const Asset = v.object({ id: v.number(), name: v.string() });
const StoredAsset = v.looseObject({ id: v.number() });
const Release = v.looseObject({ upload_url: v.string(), assets: v.array(StoredAsset) });

export async function startReleases(): Promise<ReleasesStandIn> {
  const emulator = await createEmulator({
    service: 'github',
    port: await freePort(),
    seed: {
      tokens: { [TOKENS.write]: { login: 'octo', scopes: ['repo'] } },
      github: {
        users: [{ login: 'octo' }],
        repos: [{ owner: 'octo', name: 'action', auto_init: true }],
      },
    },
  });
  const proxy = new ReleasesProxy(emulator.url);
  const api = await startServer(async (request, response) => {
    const { status, body } = await proxy.answer(
      request.method ?? '',
      request.url ?? '',
      await readAll(request),
      request.headers,
    );
    if (status === 204) response.writeHead(204).end();
    else sendJson(response, status, body);
  });
  const uploads = await startServer(async (request, response) => {
    const { status, body } = await proxy.upload(request.url ?? '', await readAll(request), request.headers);
    sendJson(response, status, body);
  });
  proxy.uploads = uploads;
  const get = async (path: string): Promise<unknown> =>
    (await fetch(`${emulator.url}/repos/${REPOSITORY}${path}`, { headers: AUTHORIZED })).json();
  const standIn: ReleasesStandIn = {
    apiUrl: api.url,
    repository: REPOSITORY,
    head: v.parse(Sha, await get('/commits/main')).sha,
    writes: proxy.writes,
    violations: proxy.violations,
    get failingUploads() {
      return proxy.failingUploads;
    },
    set failingUploads(count) {
      proxy.failingUploads = count;
    },
    get,
    send: async (method, path, body) => {
      const url = `${emulator.url}/repos/${REPOSITORY}${path}`;
      const answer = await fetch(url, { method, headers: AUTHORIZED, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    close: async () => {
      await Promise.all([api, uploads].map((server) => server.close()));
      await emulator.close();
    },
  };
  return standIn;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}
type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What the live API does besides the emulator. */
class ReleasesProxy {
  readonly writes: LoggedWrite[] = [];
  readonly violations: string[] = [];
  /** Digests of assets, by ID. */
  readonly digests = new Map<number, string>();
  failingUploads = 0;
  uploads: TestServer | undefined;
  readonly #upstream: string;
  readonly #openApi = new OpenApiCheck(new URL('../../data/github-openapi-releases.json', import.meta.url));

  constructor(upstream: string) {
    this.#upstream = upstream;
  }

  async answer(method: string, path: string, bytes: Buffer, { authorization }: Headers): Promise<Answer> {
    if (authorization !== `Bearer ${TOKENS.write}`) return refusal(401, 'Bad credentials');
    const body: unknown = bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined;
    this.#log(method, path, body);
    if (/\/releases\/\d+\/assets/.test(path) && method === 'POST') return refusal(404, 'Not Found');
    const answer = await this.#forward(method, path, bytes.length > 0 ? bytes.toString() : undefined);
    const isAssetList = method === 'GET' && /\/releases\/\d+\/assets/.test(path);
    const shown = {
      ...answer,
      body: isAssetList
        ? v.parse(v.array(StoredAsset), answer.body).map((asset) => this.#withDigest(asset))
        : this.#asLive(answer.body),
    };
    const [bare = ''] = path.split('?');
    // A reference is one parameter of the description, with its slashes.
    const described = bare.replace(
      /(\/git\/(?:refs?|matching-refs)\/)(.+)$/,
      (_, start: string, ref: string) => start + ref.replaceAll('/', '%2F'),
    );
    this.#check({ method, path: described, requestBody: body }, shown);
    return shown;
  }

  async upload(path: string, bytes: Buffer, headers: Headers): Promise<Answer> {
    const [, release = '', name = ''] = /\/releases\/(\d+)\/assets\?name=(.+)$/.exec(path) ?? [];
    if (headers['authorization'] !== `Bearer ${TOKENS.write}`) return refusal(401, 'Bad credentials');
    if (this.failingUploads-- > 0) return refusal(502, 'Bad Gateway');
    this.#log('POST', path, `${bytes.length} bytes of ${headers['content-type']?.toString() ?? ''}`);
    const { body: parent } = await this.#forward('GET', `/repos/${REPOSITORY}/releases/${release}`);
    const isDraft = v.parse(v.looseObject({ draft: v.boolean() }), parent).draft;
    if (!isDraft) return refusal(422, 'Cannot upload assets to an immutable release.');
    const listed = await this.#forward('GET', `/repos/${REPOSITORY}/releases/${release}/assets`);
    const taken = v.parse(v.array(Asset), listed.body).some((asset) => asset.name === name);
    if (taken) return refusal(422, 'Validation Failed: already_exists');
    const answer = await fetch(this.#upstream + path, {
      method: 'POST',
      headers: { ...AUTHORIZED, 'content-type': headers['content-type']?.toString() ?? '' },
      body: Uint8Array.from(bytes),
    });
    const stored = v.parse(StoredAsset, await answer.json());
    this.digests.set(stored.id, `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    const uploaded = { status: answer.status, body: this.#withDigest(stored) };
    const [bare = ''] = path.split('?');
    this.#check({ method: 'POST', path: bare, requestBody: undefined }, uploaded);
    return uploaded;
  }

  #log(method: string, path: string, body: unknown): void {
    if (method !== 'GET') this.writes.push({ method, path: path.replace(`/repos/${REPOSITORY}`, ''), body });
  }

  #check(
    request: { readonly method: string; readonly path: string; readonly requestBody: unknown },
    { status, body }: Answer,
  ): void {
    this.violations.push(...this.#openApi.check({ ...request, status, responseBody: body }));
  }

  async #forward(method: string, path: string, body?: string): Promise<Answer> {
    const answer = await fetch(this.#upstream + path, {
      method,
      headers: AUTHORIZED,
      ...(body !== undefined && { body }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }

  /** A release or a list of them with uploads on their own host, and the digests of assets, which the emulator has not. */
  #asLive(body: unknown): unknown {
    if (Array.isArray(body)) return body.map((item: unknown) => this.#asLive(item));
    const release = v.safeParse(Release, body);
    if (!release.success) return body;
    const { upload_url, assets } = release.output;
    return {
      ...release.output,
      upload_url: upload_url.replace(this.#upstream, this.uploads?.url ?? ''),
      assets: assets.map((asset) => this.#withDigest(asset)),
    };
  }

  #withDigest(asset: v.InferOutput<typeof StoredAsset>): object {
    return { ...asset, digest: this.digests.get(asset.id) ?? null };
  }
}

function refusal(status: number, message: string): Answer {
  return {
    status,
    body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
  };
}
