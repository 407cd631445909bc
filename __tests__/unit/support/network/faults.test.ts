import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FaultDeck, FaultSequence } from '../../../support/network/faults/deck.ts';
import { startFaultyProxy } from '../../../support/network/faults/proxy.ts';
import { startServer } from '../../../support/network/http.ts';

const KINDS = ['a', 'b', 'c', 'd'] as const;

function deal(seed: string, count: number, fits = (_kind: string): boolean => true): (string | undefined)[] {
  const deck = new FaultDeck(KINDS, 0.2, seed);
  return Array.from({ length: count }, () => deck.deal(fits));
}

describe('FaultSequence', () => {
  it('deals each kind once, in order, with every third request', () => {
    const sequence = new FaultSequence(['a', 'b'], 3);
    const dealt = Array.from({ length: 12 }, () => sequence.deal(() => true));
    expect(dealt.map((kind) => kind ?? '-').join('')).toBe('--a--b------');
  });

  it('keeps a kind for the request that it fits', () => {
    const sequence = new FaultSequence(['a', 'b'], 1);
    expect(sequence.deal((kind) => kind !== 'a')).toBeUndefined();
    expect(sequence.deal((kind) => kind !== 'a')).toBe('b');
    expect(sequence.deal(() => true)).toBe('a');
  });
});

describe('startFaultyProxy', () => {
  it.each(['', 'bytes of a blob'])('breaks off an upload that sends %j', async (body) => {
    const upstream = await startServer(async (_, response) => void response.writeHead(201).end());
    const proxy = await startFaultyProxy(upstream.url, {
      dealer: { deal: () => undefined },
      always: () => 'reset while sending',
    });
    try {
      const sent = fetch(`${proxy.url}/v2/image/blobs/uploads/1`, {
        method: 'PUT',
        body,
        signal: AbortSignal.timeout(5000),
      });
      await expect(sent).rejects.toThrow('fetch failed');
    } finally {
      await Promise.all([proxy.close(), upstream.close()]);
    }
  });
});

describe('FaultDeck', () => {
  it('deals every kind in each deck, as often as the rate says, whatever the seed', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 5 }), (seed, decks) => {
        const dealt = deal(seed, decks * 20).filter((kind) => kind !== undefined);
        expect(dealt.toSorted()).toEqual(KINDS.flatMap((kind) => Array<string>(decks).fill(kind)));
      }),
    );
  });

  it('deals alike for one seed, and otherwise for another', () => {
    expect(deal('seed', 100)).toEqual(deal('seed', 100));
    expect(deal('seed', 100)).not.toEqual(deal('another', 100));
  });

  it('keeps a kind for the request that it fits', () => {
    let fitting = false;
    const deck = new FaultDeck(KINDS, 0.2, 'seed');
    const dealt: (string | undefined)[] = [];
    for (let number = 0; number < 21; number += 1) {
      fitting = number === 20;
      dealt.push(deck.deal((kind) => kind !== 'b' || fitting));
    }
    expect(new Set(dealt.slice(0, 20))).toEqual(new Set([undefined, 'a', 'c', 'd']));
    expect(dealt[20]).toBe('b');
  });
});
