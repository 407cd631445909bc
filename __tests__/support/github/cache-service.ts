import * as v from 'valibot';
import { type TestServer, readAll, sendJson, startServer } from '../network/http.ts';

const CreateRequest = v.object({ key: v.string(), version: v.string() });
const FindRequest = v.object({
  key: v.string(),
  restore_keys: v.optional(v.array(v.string()), []),
  version: v.string(),
});

/** GitHub's cache service, as @actions/cache speaks to it. */
export interface CacheService extends TestServer {
  /** What a runner sets for it. */
  readonly env: Readonly<Record<string, string>>;
  /** Contents by key, the newest last. */
  readonly entries: Map<string, Buffer>;
}

export async function startCacheService(): Promise<CacheService> {
  const entries = new Map<string, Buffer>();
  const reserved = new Set<string>();
  const server = await startServer(async (request, response) => {
    const body = await readAll(request);
    const url = new URL(request.url ?? '/', server.url);
    const method = /CacheService\/(\w+)$/.exec(url.pathname)?.[1];
    if (method === undefined) return blob(url, request.method ?? '', body);
    const json: unknown = JSON.parse(body.toString());
    if (method === 'CreateCacheEntry') {
      const { key, version } = v.parse(CreateRequest, json);
      // An entry can't be changed, and a key is reserved while another job uploads.
      if (reserved.has(`${version} ${key}`)) return sendJson(response, 200, { ok: false });
      reserved.add(`${version} ${key}`);
      return sendJson(response, 200, { ok: true, signed_upload_url: signed(`${version} ${key}`) });
    }
    if (method === 'FinalizeCacheEntryUpload') return sendJson(response, 200, { ok: true, entry_id: '1' });
    const { key, restore_keys: prefixes, version } = v.parse(FindRequest, json);
    const wanted = [key, ...prefixes].map((prefix) => `${version} ${prefix}`);
    const found = Array.from(entries.keys()).findLast((name) =>
      wanted.some((prefix) => name.startsWith(prefix)),
    );
    const matched = found?.slice(version.length + 1) ?? '';
    return sendJson(response, 200, {
      ok: found !== undefined,
      signed_download_url: signed(found ?? ''),
      matched_key: matched,
    });

    function blob(target: URL, verb: string, content: Buffer): void {
      const name = Buffer.from(target.pathname.split('/').at(-1) ?? '', 'hex').toString();
      if (verb === 'PUT') {
        entries.set(name, content);
        response.writeHead(201).end();
        return;
      }
      const stored = entries.get(name) ?? Buffer.alloc(0);
      response.writeHead(200, { 'content-length': stored.length });
      response.end(verb === 'HEAD' ? undefined : stored);
    }
  });
  // Azure's client finds account, container and blob in the path.
  const signed = (name: string): string =>
    `${server.url}/account/container/${Buffer.from(name).toString('hex')}`;
  const env = {
    ACTIONS_CACHE_SERVICE_V2: '1',
    ACTIONS_RESULTS_URL: `${server.url}/`,
    ACTIONS_RUNTIME_TOKEN: 'runtime-token',
    GITHUB_SERVER_URL: 'https://github.com',
  };
  return { ...server, env, entries };
}
