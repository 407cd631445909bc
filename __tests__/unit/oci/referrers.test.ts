import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/oci/media-types.ts';
import { MAX_REFERRERS, listReferrers } from '../../../src/oci/referrers.ts';
import { testClient, testRegistries } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { SBOM, makeImage, makeReferrer, pushImage } from '../../support/fixtures/images.ts';
import { sendJson, startServer } from '../../support/network/http.ts';
import {
  type MemoryRegistry,
  refuse,
  startMemoryRegistry,
} from '../../support/registries/memory-registry.ts';

const image = makeImage({ seed: 'subject', oci: true });

let registry: MemoryRegistry;
let client: RegistryClient;

beforeEach(async () => {
  registry = await startMemoryRegistry({ referrers: 2 });
  client = testClient(registry.host);
});
afterEach(async () => {
  await registry.close();
});

function asked(): string[] {
  return registry.requests.map(({ method, path }) => `${method} ${path}`);
}

/** Answers requests for referrers with an index of `manifests`. */
function answerWith(...manifests: unknown[]): void {
  registry.intercept = (_, response) => {
    sendJson(response, 200, { schemaVersion: 2, manifests }, { 'content-type': OCI_INDEX });
    return true;
  };
}

const entry = (number: number): unknown => ({ mediaType: OCI_MANIFEST, digest: digest(number), size: 1 });

describe('the referrers API', () => {
  it('is read to its last page, with types', async () => {
    const annotations = { 'org.example/key': 'value' };
    const referrers = [1, 2, 3, 4, 5].map((n) => makeReferrer(image, { seed: `${n}`, annotations }));
    for (const one of referrers) await pushImage(registry.url, 'ns/a', [one.digest], one);
    registry.requests.length = 0;
    const listed = await listReferrers(client, 'ns/a', image.digest);
    expect(listed?.map((one) => one.digest)).toEqual(referrers.map((one) => one.digest));
    expect(listed?.[0]).toEqual({
      digest: referrers[0]?.digest,
      mediaType: OCI_MANIFEST,
      artifactType: SBOM,
    });
    expect(asked()).toHaveLength(3);
  });

  it('returns an empty list when a digest has no referrers', async () => {
    expect(await listReferrers(client, 'ns/a', digest(1))).toEqual([]);
  });

  it('accepts a content type with a parameter, and an index without manifests', async () => {
    registry.intercept = (_, response) => {
      sendJson(response, 200, { manifests: null }, { 'content-type': `${OCI_INDEX}; charset=utf-8` });
      return true;
    };
    expect(await listReferrers(client, 'ns/a', digest(1))).toEqual([]);
  });

  it('lists each referrer once, and never the subject itself', async () => {
    answerWith(entry(1), entry(2), entry(1), entry(3));
    const listed = await listReferrers(client, 'ns/a', digest(3));
    expect(listed?.map((one) => one.digest)).toEqual([digest(1), digest(2)]);
  });

  it('sends a token when the registry demands one', async () => {
    await registry.close();
    registry = await startMemoryRegistry({ referrers: 2, auth: { kind: 'token' } });
    expect(await listReferrers(testClient(registry.host), 'ns/a', digest(1))).toEqual([]);
  });

  it('waits during a pause, and is not treated as absent', async () => {
    let times = 0;
    registry.intercept = (_, response) => {
      if ((times += 1) > 2) return false;
      refuse(response, times === 1 ? 429 : 503, 'TOOMANYREQUESTS', 'slow down');
      return true;
    };
    expect(await listReferrers(client, 'ns/a', digest(1))).toEqual([]);
    registry.intercept = (_, response) => {
      refuse(response, 429, 'TOOMANYREQUESTS', 'slow down');
      return true;
    };
    const impatient = testRegistries({ retries: 0 }).source(registry.host);
    await expect(listReferrers(impatient, 'ns/a', digest(1))).rejects.toThrow(/429/);
    delete registry.intercept;
    expect(await listReferrers(impatient, 'ns/a', digest(1))).toEqual([]);
  });
});

describe('a web page from a registry with the API', () => {
  const answer = (times: number): void => {
    registry.intercept = (_, response) => {
      if (times === 0) return false;
      times -= 1;
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please sign in</html>');
      return true;
    };
  };

  it('is retried, and is not treated as a missing API', async () => {
    await pushImage(registry.url, 'ns/a', ['v1'], makeReferrer(image, { seed: 'one' }));
    await listReferrers(client, 'ns/a', digest(1));
    answer(2);
    expect(await listReferrers(client, 'ns/a', image.digest)).toHaveLength(1);
  });

  it('again and again leaves that digest without a list', async () => {
    await listReferrers(client, 'ns/a', digest(1));
    answer(4);
    expect(await listReferrers(client, 'ns/a', digest(2))).toBeUndefined();
    expect(await listReferrers(client, 'ns/a', digest(2))).toEqual([]);
  });
});

describe('a registry without the API', () => {
  const page = '<html>a page for people</html>';

  it.each<[string, number, Record<string, string>, string]>([
    ['404 and text', 404, { 'content-type': 'text/plain' }, '404 page not found'],
    ['404 and an error', 404, {}, '{"errors":[{"code":"UNSUPPORTED"}]}'],
    ['400', 400, {}, ''],
    ['405', 405, {}, ''],
    ['406', 406, {}, ''],
    ['501', 501, {}, ''],
    ['200 and a page', 200, { 'content-type': 'text/html' }, page],
    ['200 and other JSON', 200, { 'content-type': 'application/json' }, '{"manifests":[]}'],
    ['303, which is not followed', 303, { location: '/elsewhere' }, page],
  ])('is recognised by %s, and gets no second request', async (_, status, headers, body) => {
    registry.intercept = (_request, response) => {
      response.writeHead(status, headers).end(body);
      return true;
    };
    expect(await listReferrers(client, 'ns/a', digest(1))).toBeUndefined();
    expect(await listReferrers(client, 'ns/a', digest(2))).toBeUndefined();
    expect(await listReferrers(client, 'ns/b', digest(2))).toBeUndefined();
    expect(asked()).toEqual([`GET /v2/ns/a/referrers/${digest(1)}`]);
  });

  it('is recognised by a redirect that ends at a page', async () => {
    const pages = await startServer(async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    });
    registry.intercept = (_, response) => {
      response.writeHead(307, { location: pages.url }).end();
      return true;
    };
    expect(await listReferrers(client, 'ns/a', digest(1))).toBeUndefined();
    await pages.close();
  });

  it('gets one request from concurrent callers', async () => {
    await registry.close();
    registry = await startMemoryRegistry();
    client = testClient(registry.host);
    const numbers = Array.from({ length: 20 }, (_, number) => number);
    const answers = await Promise.all(numbers.map((n) => listReferrers(client, 'ns/a', digest(n))));
    expect(new Set(answers)).toEqual(new Set([undefined]));
    expect(asked()).toHaveLength(1);
  });

  it('may be one of several behind a proxy, and others have it', async () => {
    registry.intercept = ({ url = '' }, response) => {
      if (!url.startsWith('/v2/old/')) return false;
      refuse(response, 404, 'UNSUPPORTED', '');
      return true;
    };
    expect(await listReferrers(client, 'old/a', digest(1))).toBeUndefined();
    expect(await listReferrers(client, 'new/a', digest(1))).toEqual([]);
    expect(await listReferrers(client, 'old/b', digest(1))).toBeUndefined();
    expect(await listReferrers(client, 'new/b', digest(1))).toEqual([]);
    expect(asked()).toHaveLength(3);
  });

  it.each([
    [404, 'MANIFEST_UNKNOWN'],
    [404, 'NAME_UNKNOWN'],
    [403, 'DENIED'],
  ])('is not recognised by a refusal of one manifest or repository: %d %s', async (status, code) => {
    registry.intercept = ({ url = '' }, response) => {
      if (!url.endsWith(digest(1))) return false;
      refuse(response, status, code, '');
      return true;
    };
    expect(await listReferrers(client, 'ns/a', digest(1))).toBeUndefined();
    expect(await listReferrers(client, 'ns/a', digest(2))).toEqual([]);
  });
});

describe('a hostile list', () => {
  it.each([
    ['a digest that is none', { ...Object(entry(1)), digest: '../../../etc/passwd' }],
    ['a negative size', { ...Object(entry(1)), size: -1 }],
    ['annotations that are no text', { ...Object(entry(1)), annotations: { key: {} } }],
    ['no object', 'sha256:x'],
  ])('is an error: %s', async (_, one) => {
    answerWith(one);
    await expect(listReferrers(client, 'ns/a', digest(9))).rejects.toThrow(/not a list of referrers/);
  });

  it('is an error when it is not JSON', async () => {
    registry.intercept = (_, response) => {
      response.writeHead(200, { 'content-type': OCI_INDEX }).end('<html>');
      return true;
    };
    await expect(listReferrers(client, 'ns/a', digest(9))).rejects.toThrow(/not JSON/);
  });

  it('is kept without its annotations and overlong types', async () => {
    const long = 'x'.repeat(300);
    answerWith({ ...Object(entry(1)), mediaType: long, artifactType: long, annotations: { a: long } });
    expect(await listReferrers(client, 'ns/a', digest(9))).toEqual([{ digest: digest(1) }]);
  });

  it('is limited in items', async () => {
    const numbers = Array.from({ length: MAX_REFERRERS + 1 }, (_, number) => entry(number));
    answerWith(...numbers);
    await expect(listReferrers(client, 'ns/a', digest(0))).rejects.toThrow(/more than 10000 referrers/);
  });

  it('is limited in pages', async () => {
    let pages = 0;
    registry.intercept = ({ url = '' }, response) => {
      const headers = {
        'content-type': OCI_INDEX,
        link: `<${url.split('?')[0]}?p=${(pages += 1)}>; rel="next"`,
      };
      const manifests = Array.from({ length: 1000 }, (_, number) => entry(pages * 1000 + number));
      sendJson(response, 200, { manifests }, headers);
      return true;
    };
    await expect(listReferrers(client, 'ns/a', digest(0))).rejects.toThrow(/more than 10000 referrers/);
    expect(pages).toBe(11);
  });

  it('is an error when its pages repeat', async () => {
    registry.intercept = ({ url = '' }, response) => {
      const headers = { 'content-type': OCI_INDEX, link: `<${url}>; rel="next"` };
      sendJson(response, 200, { manifests: [entry(1)] }, headers);
      return true;
    };
    await expect(listReferrers(client, 'ns/a', digest(0))).rejects.toThrow(/pages of referrers repeat/);
  });
});
