import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_PATIENCE_MS, Patience } from '../../../../src/copy/patience.ts';
import { BlobStreams } from '../../../../src/copy/registry/blob-streams.ts';
import type { RegistryClient } from '../../../../src/oci/client.ts';
import { type Digest, digestOf } from '../../../../src/oci/digest.ts';
import type { Descriptor } from '../../../../src/oci/manifest.ts';
import { testClient } from '../../../support/fixtures/clients.ts';
import { fastTime } from '../../../support/fixtures/fast-patience.ts';
import { seededBytes } from '../../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

const CONTENT = seededBytes(2 * 1024 ** 2, 'blob');
const [a, b] = [testClient('a.example'), testClient('b.example')];

let source: MemoryRegistry;
let client: RegistryClient;
let digest: Digest;
let blob: Descriptor;

beforeEach(async () => {
  source = await startMemoryRegistry();
  digest = source.store.putBlob('img', CONTENT);
  blob = { mediaType: '', digest, size: CONTENT.length };
  client = testClient(source.host);
});
afterEach(async () => source.close());

function start({ slots = 2, factor = 1 } = {}): BlobStreams {
  return new BlobStreams(slots, new Patience<RegistryClient>(fastTime(factor)));
}

async function send(
  streams: BlobStreams,
  target: RegistryClient,
  isSent = true,
  what = blob,
): Promise<string> {
  return streams.run({ source: client, from: 'img', target, blob: what }, async (open) => {
    if (!isSent) return 'present';
    return digestOf(Buffer.concat(await Array.fromAsync(open(new AbortController().signal))));
  });
}

/** Another blob, of which nothing is read. */
const sized = (size: number): Descriptor => ({ ...blob, size });

/** Resolves when everything that can happen without time has happened. */
const idle = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

describe('BlobStreams', () => {
  it('downloads at once what no other target is expected to need', async () => {
    const streams = start();
    streams.expect(b, client, [blob]);
    expect(await Promise.all([send(streams, a), send(streams, a)])).toEqual([digest, digest]);
    expect(source.requests).toHaveLength(2);
  });

  it('downloads once what two targets need, when both are ready', async () => {
    const streams = start();
    for (const target of [a, b]) streams.expect(target, client, [blob]);
    const first = send(streams, a);
    await idle();
    expect(source.requests).toEqual([]);
    expect(await Promise.all([first, send(streams, b)])).toEqual([digest, digest]);
    expect(source.requests).toHaveLength(1);
  });

  it.each([
    ['has the blob', async (streams: BlobStreams) => streams.settle(b, client, blob)],
    ['finds out that it has the blob', async (streams: BlobStreams) => send(streams, b, false)],
  ])('waits for no target that %s', async (_, settle) => {
    const streams = start();
    for (const target of [a, b]) streams.expect(target, client, [blob]);
    const first = send(streams, a);
    await settle(streams);
    expect(await first).toBe(digest);
  });

  it('waits for no target whose copy has ended', async () => {
    const streams = start();
    streams.expect(a, client, [blob]);
    const close = streams.expect(b, client, [blob]);
    const first = send(streams, a);
    close();
    expect(await first).toBe(digest);
  });

  it('goes on without a target that does not come, which reads for itself', async () => {
    const streams = start({ factor: 100 });
    for (const target of [a, b]) streams.expect(target, client, [blob]);
    expect(await send(streams, a)).toBe(digest);
    streams.settle(a, client, blob);
    expect(await send(streams, b)).toBe(digest);
    expect(source.requests).toHaveLength(2);
  });

  it('takes a limited number of streams for each target', async () => {
    const streams = start({ slots: 2 });
    const [held, order]: [PromiseWithResolvers<void>, string[]] = [Promise.withResolvers(), []];
    const run = async (name: string, target: RegistryClient): Promise<void> =>
      streams.run({ source: client, from: 'img', target, blob }, async () => {
        order.push(name);
        await held.promise;
      });
    const running = [run('1', a), run('2', a), run('3', a), run('4', b)];
    await idle();
    expect(order).toEqual(['1', '2', '4']);
    held.resolve();
    await Promise.all(running);
    expect(order).toEqual(['1', '2', '4', '3']);
  });

  it('does not let a target whose streams are all taken hold up the others', async () => {
    const streams = start({ slots: 1, factor: 100 });
    const held = Promise.withResolvers<void>();
    const busy = streams.run({ source: client, from: 'img', target: b, blob }, async () => held.promise);
    for (const target of [a, b]) streams.expect(target, client, [blob]);
    const [first, second] = [send(streams, a), send(streams, b)];
    expect(await first).toBe(digest);
    held.resolve();
    expect(await second).toBe(digest);
    await busy;
  });

  it('does not let a target whose streams are taken meanwhile hold up the others', async () => {
    const [c, d, full] = [testClient('c.example'), testClient('d.example'), testClient('full.example')];
    let now = 0;
    const timers: (() => void)[] = [];
    const sleep = async (): Promise<void> => new Promise((resolve) => timers.push(resolve));
    const patience = new Patience<RegistryClient>({ clock: () => now, sleep });
    const streams = new BlobStreams(1, patience);
    const [end, dEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const [one, two, three] = [sized(1), sized(2), sized(3)];
    const started: string[] = [];
    const hold = async (target: RegistryClient, what = blob, { promise } = end): Promise<void> =>
      streams.run({ source: client, from: 'img', target, blob: what }, async () => {
        started.push(`${what.size} to ${target.registry}`);
        await promise;
      });
    const waiting = patience.wait([full], end.promise);
    now = MAX_PATIENCE_MS;
    const running = [hold(full, one), hold(d, one, dEnd)];
    for (const target of [c, d]) streams.expect(target, client, [two]);
    running.push(hold(c, two), hold(d, two));
    await idle();
    for (const target of [a, c, full]) streams.expect(target, client, [three]);
    running.push(...[a, c, full].map(async (target) => hold(target, three)));
    await idle();
    dEnd.resolve();
    await idle();
    expect(started.slice(2)).toEqual(['2 to c.example', '2 to d.example']);
    now += MAX_PATIENCE_MS;
    for (const wake of timers) wake();
    await expect.poll(() => started).toContain('3 to a.example');
    end.resolve();
    await Promise.all([...running, waiting]);
  });

  it('gives back the slot of a stream that failed, and lets it join again', async () => {
    const streams = start({ slots: 1 });
    for (const target of [a, b]) streams.expect(target, client, [blob]);
    const failing = streams.run({ source: client, from: 'img', target: a, blob }, async () => {
      throw new Error('refused');
    });
    const second = send(streams, b);
    await expect(failing).rejects.toThrow('refused');
    expect(await second).toBe(digest);
    streams.settle(b, client, blob);
    expect(await send(streams, a)).toBe(digest);
  });

  it('shares no download between streams whose descriptors state different sizes', async () => {
    const streams = start();
    const wrong = { ...blob, size: blob.size - 1 };
    streams.expect(a, client, [wrong]);
    streams.expect(b, client, [blob]);
    const [refused, sent] = await Promise.allSettled([send(streams, a, true, wrong), send(streams, b)]);
    expect([refused.status, sent]).toEqual(['rejected', { status: 'fulfilled', value: digest }]);
  });

  it('takes each slot once, also at a target with which patience is at an end', async () => {
    let now = 0;
    const end = Promise.withResolvers<void>();
    const patience = new Patience<RegistryClient>({ clock: () => now, sleep: async () => end.promise });
    const waiting = patience.wait([b], end.promise);
    now = MAX_PATIENCE_MS;
    const streams = new BlobStreams(2, patience);
    const held = Promise.withResolvers<void>();
    let running = 0;
    const hold = async (): Promise<void> =>
      streams.run({ source: client, from: 'img', target: b, blob }, async () => {
        running += 1;
        await held.promise;
      });
    const busy = hold();
    for (const target of [a, b]) streams.expect(target, client, [blob]);
    expect(await Promise.all([send(streams, a), send(streams, b)])).toEqual([digest, digest]);
    expect(source.requests).toHaveLength(1);
    for (const target of [a, b]) streams.settle(target, client, blob);
    const others = hold();
    await idle();
    expect(running).toBe(2);
    held.resolve();
    end.resolve();
    await Promise.all([busy, others, waiting]);
  });
});
