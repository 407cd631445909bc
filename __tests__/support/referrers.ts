import * as v from 'valibot';
import { digestOf } from '../../src/oci/digest.ts';
import { MANIFEST_ACCEPT, OCI_INDEX } from '../../src/oci/media-types.ts';

const Index = v.object({
  manifests: v.array(
    v.object({
      mediaType: v.string(),
      digest: v.string(),
      size: v.number(),
      artifactType: v.optional(v.string()),
      annotations: v.optional(v.record(v.string(), v.string())),
    }),
  ),
});

const Manifest = v.object({ layers: v.array(v.object({ digest: v.string() })) });

/** A referrer as a client sees it. */
export interface Found {
  readonly digest: string;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly manifest: Buffer;
  readonly blobs: readonly Buffer[];
}

/**
 * Looks up what refers to `digest` as cosign and oras do: by the API, filtered, with its pages; where it answers anything
 * else, by the list under the tag, of which the client picks the type itself. Fetches each with its blobs, checked.
 */
export async function discover(
  registryUrl: string,
  repository: string,
  digest: string,
  artifactType?: string,
): Promise<Found[]> {
  const base = `${registryUrl}/v2/${repository}`;
  const query = artifactType === undefined ? '' : `?${new URLSearchParams({ artifactType }).toString()}`;
  const descriptors: v.InferOutput<typeof Index>['manifests'] = [];
  for (let url: string | undefined = `${base}/referrers/${digest}${query}`; url !== undefined;) {
    const answer = await fetch(url, { headers: { accept: OCI_INDEX }, redirect: 'manual' });
    const isList = answer.status === 200 && answer.headers.get('content-type') === OCI_INDEX;
    const page = isList
      ? answer
      : await fetch(`${base}/manifests/${digest.replace(':', '-')}`, { headers: { accept: OCI_INDEX } });
    if (page.status === 404) return [];
    descriptors.push(...v.parse(Index, await page.json()).manifests);
    const next = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    url = next === undefined ? undefined : new URL(next, page.url).href;
  }
  const wanted = descriptors.filter((one) => artifactType === undefined || one.artifactType === artifactType);
  return Promise.all(
    wanted.map(async (one) => {
      const manifest = await get(`${base}/manifests/${one.digest}`, one.digest);
      const { layers } = v.parse(Manifest, JSON.parse(manifest.toString()));
      const blobs = layers.map(async (layer) => get(`${base}/blobs/${layer.digest}`, layer.digest));
      const { artifactType: type, annotations } = one;
      return {
        digest: one.digest,
        artifactType: type,
        annotations,
        manifest,
        blobs: await Promise.all(blobs),
      };
    }),
  );
}

/** What is at `url`, which must be what `digest` says. */
async function get(url: string, digest: string): Promise<Buffer> {
  const answer = await fetch(url, { headers: { accept: MANIFEST_ACCEPT } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (answer.status !== 200 || digestOf(bytes) !== digest)
    throw new Error(`${url}: ${answer.status}, not ${digest}`);
  return bytes;
}
