import * as v from 'valibot';
import { MANIFEST_ACCEPT } from '../../../src/oci/media-types.ts';
import { type TestServer, sendJson, startServer } from '../network/http.ts';
import { pipeRequest } from '../network/proxy.ts';
import { type ListedManifest, googleTags } from './google-tags.ts';

export interface GoogleFacade extends TestServer {
  /** `GET /v2/…` */
  readonly requests: string[];
}

const Catalog = v.object({ repositories: v.array(v.string()) });
const Tags = v.object({ tags: v.nullable(v.array(v.string())) });

/** A thin layer before a real registry that answers `tags/list` as Google does, and passes on everything else. */
export async function startGoogleFacade(upstream: string): Promise<GoogleFacade> {
  const requests: string[] = [];
  const server = await startServer(async (request, response) => {
    const path = request.url ?? '/';
    requests.push(`${request.method ?? ''} ${path}`);
    const repository = /^\/v2\/(?:(.+)\/)?tags\/list(?:\?.*)?$/.exec(path);
    if (request.method !== 'GET' || !repository) return pipeRequest(request, response, upstream);
    const name = repository[1] ?? '';
    const catalog = v.parse(Catalog, await (await fetch(`${upstream}/v2/_catalog?n=10000`)).json());
    const within = catalog.repositories.some(
      (other) => other === name || other.startsWith(name === '' ? '' : `${name}/`),
    );
    if (!within) return sendJson(response, 404, { errors: [{ code: 'NAME_UNKNOWN', message: 'unknown' }] });
    const manifests = catalog.repositories.includes(name)
      ? await listManifests(`${upstream}/v2/${name}`)
      : [];
    return sendJson(response, 200, googleTags(name, catalog.repositories, manifests));
  });
  return { ...server, requests };
}

async function listManifests(base: string): Promise<ListedManifest[]> {
  const { tags } = v.parse(Tags, await (await fetch(`${base}/tags/list`)).json());
  const byDigest = new Map<string, ListedManifest & { tags: string[] }>();
  for (const tag of tags ?? []) {
    const head = await fetch(`${base}/manifests/${tag}`, {
      method: 'HEAD',
      headers: { accept: MANIFEST_ACCEPT },
    });
    const digest = head.headers.get('docker-content-digest') ?? '';
    const known = byDigest.get(digest);
    if (known) known.tags.push(tag);
    else {
      const mediaType = head.headers.get('content-type') ?? '';
      byDigest.set(digest, {
        digest,
        mediaType,
        size: Number(head.headers.get('content-length')),
        tags: [tag],
      });
    }
  }
  return Array.from(byDigest.values());
}
