import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectHeld } from '../../../support/fixtures/copying.ts';
import { fastTime } from '../../../support/fixtures/fast-patience.ts';
import { type TestImage, makeImage, pushImage } from '../../../support/fixtures/images.ts';
import {
  type Wanted,
  copyToTargets,
  readsOf,
  repeatedReads,
} from '../../../support/fixtures/several-targets.ts';
import {
  type MemoryRegistry,
  refuse,
  startMemoryRegistry,
} from '../../../support/registries/memory-registry.ts';

const LARGE = 3 * 1024 ** 2;
const IMAGE = makeImage({ seed: 'several', layers: [LARGE, 3000] });

let source: MemoryRegistry;
let good: MemoryRegistry[];
let bad: MemoryRegistry;

beforeEach(async () => {
  source = await startMemoryRegistry();
  good = await Promise.all([startMemoryRegistry(), startMemoryRegistry()]);
  bad = await startMemoryRegistry();
  await pushImage(source.url, 'img', ['v1'], IMAGE);
  source.requests.length = 0;
});
afterEach(async () => {
  await Promise.all([source, ...good, bad].map(async (server) => server.close()));
});

const toAll = (image: TestImage = IMAGE, repository = 'img'): Wanted[] =>
  [bad, ...good].map((target) => ({ image, repository, target }));

/** Expects that the good targets have the image and the bad one has failed. */
async function expectFailsAlone(message: RegExp, retries = 1): Promise<void> {
  const outcomes = await copyToTargets(source, toAll(), { retries, patience: fastTime(50) });
  for (const target of good) {
    expect(outcomes.get(target.host)?.map(({ error }) => error)).toEqual([undefined]);
    expectHeld(target, IMAGE);
  }
  expect(outcomes.get(bad.host)).toMatchObject([{ error: expect.stringMatching(message) }]);
  expect(bad.store.manifest('mirror/img', 'v1')).toBeUndefined();
}

describe('a target that fails, fails alone:', () => {
  it('one that is down', async () => {
    await bad.close();
    await expectFailsAlone(/ECONNREFUSED/);
    expect(repeatedReads(source)).toEqual([]);
  });

  it.each([
    ['has no space left', 507, 'UNKNOWN', 'PUT'],
    ['refuses large requests', 413, 'SIZE_INVALID', 'PUT'],
    ['has no quota left', 403, 'DENIED', 'POST'],
  ])('one that %s', async (_, status, code, method) => {
    bad.intercept = async (request, response) => {
      if (request.method !== method && request.method !== 'PATCH') return false;
      request.resume();
      refuse(response, status, code, 'quota exceeded');
      return true;
    };
    await expectFailsAlone(new RegExp(String(status)), 0);
  });

  it('one that dies in the middle of a blob', async () => {
    bad.intercept = async (request) => {
      if (request.method !== 'PUT' && request.method !== 'PATCH') return false;
      let received = 0;
      const chunks: AsyncIterable<Uint8Array> = request;
      for await (const chunk of chunks) {
        received += chunk.length;
        if (received > 1_000_000) break;
      }
      request.socket.destroy();
      return true;
    };
    await expectFailsAlone(/PUT|PATCH/);
  });

  it('one that answers nothing', async () => {
    const held: Promise<boolean>[] = [];
    const end = Promise.withResolvers<boolean>();
    bad.intercept = async ({ method }) => {
      if (method !== 'POST') return false;
      held.push(end.promise);
      return end.promise;
    };
    let ended = 0;
    const copying = copyToTargets(source, toAll(), {
      retries: 0,
      patience: fastTime(50),
      onDone: () => {
        if ((ended += 1) === 2) end.resolve(false);
      },
    });
    // It ends at all only if the others do not wait for it.
    const outcomes = await copying;
    expect(held.length).toBeGreaterThan(0);
    for (const target of [...good, bad]) {
      expect(outcomes.get(target.host)?.map(({ error }) => error)).toEqual([undefined]);
      expectHeld(target, IMAGE);
    }
  });
});

describe('a slow target', () => {
  it('holds up no other, and gets everything in the end', async () => {
    const images = Array.from({ length: 20 }, (_, number) => makeImage({ seed: `slow ${number}` }));
    for (const [number, image] of images.entries())
      await pushImage(source.url, `img-${number}`, ['v1'], image);
    bad.intercept = async () => {
      await delay(40);
      return false;
    };
    const ends = new Map<string, number>();
    const started = performance.now();
    const wanted = images.flatMap((image, number) => toAll(image, `img-${number}`));
    const outcomes = await copyToTargets(source, wanted, {
      concurrency: 1,
      patience: fastTime(200),
      onDone: (host) => ends.set(host, performance.now() - started),
    });
    for (const done of outcomes.values()) expect(done.every(({ error }) => error === undefined)).toBe(true);
    for (const number of images.keys())
      for (const target of [...good, bad]) expect(target.store.tags(`mirror/img-${number}`)).toEqual(['v1']);
    for (const target of good) expect(ends.get(target.host)).toBeLessThan((ends.get(bad.host) ?? 0) * 0.75);
  });
});

describe('a source', () => {
  it('with a corrupt blob fails all targets, and is asked as often as for one', async () => {
    const [layer, bytes] = Array.from(IMAGE.blobs).find(([, { length }]) => length > LARGE) ?? ['', ''];
    source.intercept = ({ url = '' }, response) => {
      if (!url.endsWith(layer)) return false;
      response.end(Buffer.alloc(bytes.length));
      return true;
    };
    const outcomes = await copyToTargets(source, toAll(), { retries: 2 });
    for (const target of [...good, bad]) {
      expect(outcomes.get(target.host)).toMatchObject([
        { error: expect.stringContaining('does not have that digest') },
      ]);
      expect(target.store.tags('mirror/img')).toEqual([]);
    }
    expect(readsOf(source).get(`/v2/img/blobs/${layer}`)).toBeLessThanOrEqual(3);
  });

  it('that lacks the listed digest fails all targets with one request', async () => {
    const missing = { digest: makeImage({ seed: 'missing' }).digest };
    const wanted = [bad, ...good].map((target) => ({ image: missing, repository: 'img', target }));
    const outcomes = await copyToTargets(source, wanted);
    for (const done of outcomes.values()) expect(done).toMatchObject([{ isMissingAtSource: true }]);
    expect(source.requests).toHaveLength(1);
  });
});
