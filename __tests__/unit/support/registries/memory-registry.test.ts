import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { digestOf } from '../../../../src/oci/digest.ts';
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../../../src/oci/media-types.ts';
import {
  SBOM,
  SIGNATURE,
  describe as descriptor,
  makeImage,
  makeIndex,
  makeManifest,
  makeReferrer,
  pushImage,
  seededBytes,
} from '../../../support/fixtures/images.ts';
import { discover } from '../../../support/fixtures/referrers.ts';
import {
  type MemoryRegistry,
  type MemoryRegistryOptions,
  refuse,
  startMemoryRegistry,
} from '../../../support/registries/memory-registry.ts';

const BLOB = seededBytes(1000, 'blob');
const DIGEST = digestOf(BLOB);
const NOWHERE = digestOf(Buffer.from('nowhere'));
const UPLOADS = '/v2/a/blobs/uploads/';

let registry: MemoryRegistry;

beforeEach(async () => {
  registry = await startMemoryRegistry();
});
afterEach(async () => {
  vi.useRealTimers();
  await registry.close();
});

async function restart(options: MemoryRegistryOptions): Promise<void> {
  await registry.close();
  registry = await startMemoryRegistry(options);
}

async function ask(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(new URL(path, registry.url), { method, ...init });
}

async function status(method: string, path: string, init?: RequestInit): Promise<number> {
  return (await ask(method, path, init)).status;
}

/** An error's status and body. */
async function refusal(method: string, path: string, init?: RequestInit): Promise<[number, unknown]> {
  const response = await ask(method, path, init);
  return [response.status, await response.json()];
}

const as = (authorization: string): RequestInit => ({ headers: { authorization } });

/** What a request with a token for `scopes` sends. */
async function token(authorization: string | undefined, ...scopes: string[]): Promise<RequestInit> {
  const query = new URLSearchParams({ service: 'test' });
  for (const scope of scopes) query.append('scope', scope);
  const init = authorization === undefined ? {} : as(authorization);
  const body: unknown = await (await ask('GET', `/token?${query.toString()}`, init)).json();
  return as(`Bearer ${v.parse(v.object({ token: v.string() }), body).token}`);
}

const error = (code: string): unknown => ({ errors: [{ code, message: expect.any(String) }] });

async function openUpload(path = UPLOADS): Promise<URL> {
  const opened = await ask('POST', path);
  expect(opened.status).toBe(202);
  return new URL(opened.headers.get('location') ?? '', opened.url);
}

/** `location` with the digest appended, its own query left as it is. */
const closing = (location: URL, digest: string): string => `${location.href}&digest=${digest}`;

describe('blobs', () => {
  it('takes a blob in one PUT, at the location with its query, and gives it back', async () => {
    const location = await openUpload();
    expect(location.search).toBe('?_state=a%2Bb');
    const put = await ask('PUT', closing(location, DIGEST), { body: BLOB });
    expect([put.status, put.headers.get('docker-content-digest')]).toEqual([201, DIGEST]);
    const got = await ask('GET', put.headers.get('location') ?? '');
    expect(Buffer.from(await got.arrayBuffer())).toEqual(BLOB);
    const head = await ask('HEAD', `/v2/a/blobs/${DIGEST}`);
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '1000', '']);
  });

  it('takes a blob in chunks', async () => {
    const first = await ask('PATCH', (await openUpload()).href, { body: BLOB.subarray(0, 600) });
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-599']);
    const next = new URL(first.headers.get('location') ?? '', first.url);
    const second = await ask('PATCH', next.href, { body: BLOB.subarray(600, 900) });
    expect(second.headers.get('range')).toBe('0-899');
    expect((await ask('PUT', closing(next, DIGEST), { body: BLOB.subarray(900) })).status).toBe(201);
    expect(registry.store.blob('a', DIGEST)).toEqual(BLOB);
  });

  it('refuses bytes that are not what the digest names, and ends that upload', async () => {
    const to = closing(await openUpload(), DIGEST);
    expect(await refusal('PUT', to, { body: 'others' })).toEqual([400, error('DIGEST_INVALID')]);
    expect(registry.store.has('a')).toBe(false);
    expect(await refusal('PUT', to, { body: BLOB })).toEqual([404, error('BLOB_UPLOAD_UNKNOWN')]);
  });

  it('refuses a request over its limit, and takes the same blob in chunks', async () => {
    await restart({ maxUpload: 600 });
    const location = await openUpload();
    expect(await refusal('PUT', closing(location, DIGEST), { body: BLOB })).toEqual([
      413,
      error('SIZE_INVALID'),
    ]);
    await ask('PATCH', location.href, { body: BLOB.subarray(0, 600) });
    expect((await ask('PUT', closing(location, DIGEST), { body: BLOB.subarray(600) })).status).toBe(201);
  });

  it('goes on where a range starts', async () => {
    registry.store.putBlob('a', BLOB);
    const rest = await ask('GET', `/v2/a/blobs/${DIGEST}`, { headers: { range: 'bytes=990-' } });
    expect([rest.status, rest.headers.get('content-range')]).toEqual([206, 'bytes 990-999/1000']);
    expect(Buffer.from(await rest.arrayBuffer())).toEqual(BLOB.subarray(990));
    expect(registry.requests.at(-1)).toMatchObject({ method: 'GET', range: 'bytes=990-' });
  });

  it('keeps blobs apart by repository, until one is mounted', async () => {
    registry.store.putBlob('b/nested', BLOB);
    expect(await refusal('GET', `/v2/a/blobs/${DIGEST}`)).toEqual([404, error('BLOB_UNKNOWN')]);
    const mounted = await ask('POST', `${UPLOADS}?mount=${DIGEST}&from=b/nested`);
    expect([mounted.status, mounted.headers.get('location')]).toEqual([201, `/v2/a/blobs/${DIGEST}`]);
    expect((await ask('HEAD', `/v2/a/blobs/${DIGEST}`)).status).toBe(200);
  });

  it.each(['&from=empty', ''])('answers a mount it cannot do with an upload that works: %j', async (from) => {
    const location = await openUpload(`${UPLOADS}?mount=${DIGEST}${from}`);
    expect((await ask('PUT', closing(location, DIGEST), { body: BLOB })).status).toBe(201);
  });
});

describe('manifests', () => {
  const image = makeImage({ seed: 'one' });
  const put = { body: Buffer.from(image.bytes), headers: { 'content-type': image.mediaType } };

  it.each(['v1', image.digest])(
    'gives back the bytes and the media type it got, by %s',
    async (reference) => {
      await pushImage(registry.url, 'a', ['v1'], image);
      const got = await ask('GET', `/v2/a/manifests/${reference}`);
      expect(got.headers.get('content-type')).toBe(DOCKER_MANIFEST);
      expect(got.headers.get('docker-content-digest')).toBe(image.digest);
      expect(Buffer.from(await got.arrayBuffer())).toEqual(Buffer.from(image.bytes));
      const head = await ask('HEAD', `/v2/a/manifests/${reference}`);
      expect([head.headers.get('content-length'), await head.text()]).toEqual([`${image.bytes.length}`, '']);
    },
  );

  it.each(Array.from(image.blobs.keys()))('refuses an image whose blob %s is not there', async (left) => {
    for (const [digest, bytes] of image.blobs) if (digest !== left) registry.store.putBlob('a', bytes);
    registry.store.putBlob('b', image.blobs.get(left) ?? Buffer.alloc(0));
    expect(await refusal('PUT', '/v2/a/manifests/v1', put)).toEqual([400, error('MANIFEST_BLOB_UNKNOWN')]);
    expect(registry.store.mount('a', left, 'b')).toBe(true);
    expect((await ask('PUT', '/v2/a/manifests/v1', put)).status).toBe(201);
  });

  it('refuses an index before its children', async () => {
    const index = makeIndex([image]);
    const body = Buffer.from(index.bytes);
    expect(await refusal('PUT', '/v2/a/manifests/v1', { body })).toEqual([
      400,
      error('MANIFEST_BLOB_UNKNOWN'),
    ]);
    await pushImage(registry.url, 'a', [image.digest], image);
    expect((await ask('PUT', '/v2/a/manifests/v1', { body })).status).toBe(201);
  });

  it.each([
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  ])('does not check a layer of type %s that is at its urls', async (type) => {
    const config = Buffer.from('{}');
    const layers = [{ ...descriptor(type, Buffer.from('elsewhere')), urls: ['https://example.com/layer'] }];
    const content = { schemaVersion: 2, config: descriptor('application/json', config), layers };
    const windows = makeManifest(OCI_MANIFEST, content, [config]);
    await pushImage(registry.url, 'a', ['v1'], windows);
    expect(registry.store.manifest('a', 'v1')?.digest).toBe(windows.digest);
  });

  it('refuses a manifest at a digest that is not its own', async () => {
    await pushImage(registry.url, 'a', ['v1'], image);
    expect(await refusal('PUT', `/v2/a/manifests/${NOWHERE}`, put)).toEqual([400, error('DIGEST_INVALID')]);
  });

  it('moves a tag, keeps what it named, and forgets a deleted tag', async () => {
    await pushImage(registry.url, 'a', ['v1'], image);
    const next = makeImage({ seed: 'two' });
    await pushImage(registry.url, 'a', ['v1'], next);
    expect(registry.store.manifest('a', 'v1')?.digest).toBe(next.digest);
    expect((await ask('HEAD', `/v2/a/manifests/${image.digest}`)).status).toBe(200);
    registry.store.deleteTag('a', 'v1');
    expect(await refusal('GET', '/v2/a/manifests/v1')).toEqual([404, error('MANIFEST_UNKNOWN')]);
  });
});

describe('tags', () => {
  it.each([
    ['?n=2', {}],
    ['', { pageSize: 2 }],
  ])('pages by relative links, in order, with %j and %j', async (query, options) => {
    await restart(options);
    await pushImage(registry.url, 'a/b', ['v3', 'v1', 'v5', 'v2', 'v4'], makeImage({ seed: 'paged' }));
    const pages: unknown[] = [];
    for (let next: string | undefined = `/v2/a/b/tags/list${query}`; next !== undefined;) {
      const page = await ask('GET', next);
      pages.push(await page.json());
      next = /^<(\/.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(pages).toEqual([['v1', 'v2'], ['v3', 'v4'], ['v5']].map((tags) => ({ name: 'a/b', tags })));
  });

  it('names no page after one that is full and the last', async () => {
    await pushImage(registry.url, 'a', ['v1', 'v2'], makeImage({ seed: 'paged' }));
    const page = await ask('GET', '/v2/a/tags/list?n=2');
    expect(await page.json()).toEqual({ name: 'a', tags: ['v1', 'v2'] });
    expect(page.headers.get('link')).toBeNull();
  });

  it('knows no repository that holds nothing', async () => {
    expect(await refusal('GET', '/v2/a/tags/list')).toEqual([404, error('NAME_UNKNOWN')]);
  });
});

describe('referrers', () => {
  const image = makeImage({ seed: 'subject', oci: true });
  const one = makeReferrer(image, { seed: '1', annotations: { 'org.example/key': 'value' } });
  const two = makeReferrer(image, { seed: '2', artifactType: SIGNATURE });
  const other = makeReferrer(one, { seed: '3' });

  it('says that it noted a subject that is not there yet, and lists all that name it, page by page', async () => {
    await restart({ referrers: 1 });
    for (const referrer of [one, two, other]) await pushImage(registry.url, 'a', [referrer.digest], referrer);
    const put = await ask('PUT', `/v2/a/manifests/${one.digest}`, {
      body: Buffer.from(one.bytes),
      headers: { 'content-type': one.mediaType },
    });
    expect(put.headers.get('oci-subject')).toBe(image.digest);
    const answer = await ask('GET', `/v2/a/referrers/${image.digest}`);
    expect(answer.headers.get('content-type')).toBe(OCI_INDEX);
    expect(answer.headers.get('link')).toBe(`</v2/a/referrers/${image.digest}?from=1>; rel="next"`);
    expect(await answer.json()).toEqual({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        {
          ...descriptor(OCI_MANIFEST, one.bytes),
          artifactType: SBOM,
          annotations: { 'org.example/key': 'value' },
        },
      ],
    });
    const found = await discover(registry.url, 'a', image.digest);
    expect(found.map(({ digest }) => digest)).toEqual([one.digest, two.digest]);
    expect(found[0]?.manifest).toEqual(Buffer.from(one.bytes));
  });

  it('filters them by type, and says so', async () => {
    await restart({ referrers: 10 });
    for (const referrer of [one, two]) await pushImage(registry.url, 'a', [referrer.digest], referrer);
    const query = new URLSearchParams({ artifactType: SIGNATURE }).toString();
    const answer = await ask('GET', `/v2/a/referrers/${image.digest}?${query}`);
    expect(answer.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(await answer.json()).toMatchObject({ manifests: [{ digest: two.digest }] });
    expect(await (await ask('GET', `/v2/a/referrers/${NOWHERE}`)).json()).toMatchObject({ manifests: [] });
  });

  it('has no such API unless it is given one', async () => {
    await pushImage(registry.url, 'a', [one.digest], one);
    expect(await status('GET', `/v2/a/referrers/${image.digest}`)).toBe(404);
    const put = await ask('PUT', `/v2/a/manifests/${one.digest}`, {
      body: Buffer.from(one.bytes),
      headers: { 'content-type': one.mediaType },
    });
    expect([put.status, put.headers.get('oci-subject')]).toEqual([201, null]);
  });
});

describe("Google's tags/list", () => {
  const image = makeImage({ seed: 'google' });
  const index = makeIndex([image]);
  const entry = ({ bytes, mediaType }: typeof image, tag: string[]): unknown => ({
    imageSizeBytes: String(bytes.length),
    layerId: '',
    mediaType,
    tag,
    timeCreatedMs: expect.stringMatching(/^\d+$/),
    timeUploadedMs: expect.stringMatching(/^\d+$/),
  });

  beforeEach(async () => {
    await restart({ google: true, pageSize: 1 });
    await pushImage(registry.url, 'p/r', ['v2', 'v1'], index);
    await pushImage(registry.url, 'p/r/deep/leaf', ['v1'], image);
  });

  it('lists children, and manifests with and without tags, on one page', async () => {
    const response = await ask('GET', '/v2/p/r/tags/list?n=1');
    expect(response.headers.get('link')).toBeNull();
    expect(await response.json()).toEqual({
      child: ['deep'],
      manifest: { [index.digest]: entry(index, ['v2', 'v1']), [image.digest]: entry(image, []) },
      name: 'p/r',
      tags: ['v1', 'v2'],
    });
  });

  it.each([
    ['/v2/tags/list', ['p']],
    ['/v2/p/tags/list', ['r']],
    ['/v2/p/r/deep/tags/list', ['leaf']],
  ])('lists the children alone of a path that only leads to repositories: %s', async (path, child) => {
    const body: unknown = await (await ask('GET', path)).json();
    expect(body).toMatchObject({ child, manifest: {}, tags: [] });
  });

  it('takes no part of a name for a parent', async () => {
    expect(await refusal('GET', '/v2/p/r/de/tags/list')).toEqual([404, error('NAME_UNKNOWN')]);
  });
});

describe('auth', () => {
  const LOGIN = { username: 'user', password: 'pass:word' };
  const basic = (password: string): string =>
    `Basic ${Buffer.from(`${LOGIN.username}:${password}`).toString('base64')}`;

  it('admits by Basic', async () => {
    await restart({ auth: { kind: 'basic', ...LOGIN } });
    const refused = await ask('GET', '/v2/', as(basic('wrong')));
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="test"']);
    expect(await refused.json()).toEqual(error('UNAUTHORIZED'));
    expect((await ask('GET', '/v2/', as(basic(LOGIN.password)))).status).toBe(200);
  });

  it('names its token service, which checks the password', async () => {
    await restart({ auth: { kind: 'token', ...LOGIN } });
    const challenge = (await ask('GET', '/v2/a/tags/list')).headers.get('www-authenticate');
    expect(challenge).toBe(`Bearer realm="${registry.url}/token",service="test"`);
    expect(await refusal('GET', '/token', as(basic('wrong')))).toEqual([401, error('UNAUTHORIZED')]);
    expect(await refusal('GET', '/token')).toEqual([401, error('UNAUTHORIZED')]);
  });

  it('binds a token to the repositories and actions of its scopes', async () => {
    await restart({ auth: { kind: 'token', ...LOGIN } });
    registry.store.putBlob('b', BLOB);
    const known = basic(LOGIN.password);
    const pull = await token(known, 'repository:a:pull');
    const push = await token(known, 'repository:a:pull,push');
    const both = await token(known, 'repository:a:pull,push', 'repository:b:pull');
    const mount = `${UPLOADS}?mount=${DIGEST}&from=b`;
    expect(await status('HEAD', `/v2/a/blobs/${DIGEST}`, pull)).toBe(404);
    expect(await status('HEAD', `/v2/b/blobs/${DIGEST}`, pull)).toBe(401);
    expect(await status('POST', UPLOADS, pull)).toBe(401);
    expect(await status('POST', UPLOADS, push)).toBe(202);
    expect(await status('POST', mount, push)).toBe(401);
    expect(await status('POST', mount, both)).toBe(201);
  });

  it('lets everybody pull where there is no account, until the token expires', async () => {
    await restart({ auth: { kind: 'token', expiresIn: 60 } });
    registry.store.putBlob('a', BLOB);
    vi.useFakeTimers({ toFake: ['Date'] });
    const pull = await token(undefined, 'repository:a:pull');
    expect((await ask('HEAD', `/v2/a/blobs/${DIGEST}`, pull)).status).toBe(200);
    vi.setSystemTime(Date.now() + 61_000);
    expect((await ask('HEAD', `/v2/a/blobs/${DIGEST}`, pull)).status).toBe(401);
  });

  it('may keep its challenge for /v2/', async () => {
    await restart({ auth: { kind: 'token', shy: true } });
    const [elsewhere, base] = [await ask('GET', '/v2/a/tags/list'), await ask('GET', '/v2/')];
    expect([elsewhere.status, elsewhere.headers.get('www-authenticate')]).toEqual([401, null]);
    expect(base.headers.get('www-authenticate')).toContain('/token');
  });
});

describe('what a test sees and does', () => {
  it('answers in the place of the registry while there is an intercept', async () => {
    registry.intercept = async (request, response) => {
      if (request.method !== 'HEAD') refuse(response, 429, 'TOOMANYREQUESTS', 'slow down');
      return request.method !== 'HEAD';
    };
    expect(await refusal('GET', '/v2/')).toEqual([429, error('TOOMANYREQUESTS')]);
    expect((await ask('HEAD', '/v2/')).status).toBe(200);
    delete registry.intercept;
    expect((await ask('GET', '/v2/')).status).toBe(200);
    expect(registry.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v2/',
      'HEAD /v2/',
      'GET /v2/',
    ]);
  });

  it('gets the same bytes for the same seed, others for another', () => {
    expect(makeImage({ seed: 'x', oci: true })).toEqual(makeImage({ seed: 'x', oci: true }));
    expect(makeImage({ seed: 'x' }).digest).not.toBe(makeImage({ seed: 'y' }).digest);
    expect(seededBytes(70_000, 'x').subarray(0, 9)).toEqual(seededBytes(9, 'x'));
  });

  it('gets an index in an index pushed from the leaves up, the tag last, and shared layers once', async () => {
    const shared = { layers: [500], layerSeeds: ['shared'] };
    const leaves = ['linux/amd64', 'linux/arm/v7'].map((platform) =>
      makeImage({ seed: platform, platform, ...shared }),
    );
    const inner = makeIndex(leaves, { oci: true, attestation: true });
    const outer = makeIndex([inner], { oci: true });
    await pushImage(registry.url, 'a', ['v1'], outer);
    const put = registry.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path);
    const attestation = inner.children.at(-1)?.digest;
    expect(put.filter((path) => path.includes('/manifests/'))).toEqual(
      [...leaves.map(({ digest }) => digest), attestation, inner.digest, 'v1'].map(
        (reference) => `/v2/a/manifests/${reference}`,
      ),
    );
    // Two configs, one layer, and the attestation's two.
    expect(put.filter((path) => path.includes('/uploads/'))).toHaveLength(5);
  });
});
