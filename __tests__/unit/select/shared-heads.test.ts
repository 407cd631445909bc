import { describe, expect, it } from 'vitest';
import type { HeadClient } from '../../../src/select/digests.ts';
import { SharedHeads } from '../../../src/select/shared-heads.ts';
import { digest } from '../../support/fixtures/digests.ts';

/** A client that notes what it is asked for. */
function noting(asked: string[], error?: Error): HeadClient {
  const note = async <T>(what: string, answer: T): Promise<T> => {
    asked.push(what);
    if (error) throw error;
    return Promise.resolve(answer);
  };
  const head = { digest: digest(1), mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 7 };
  return {
    headManifest: async (repository, reference) => note(`HEAD ${repository}:${reference}`, head),
    getManifest: async (repository, reference) => note(`GET ${repository}:${reference}`, undefined),
    listTags: async (repository) => note(`LIST ${repository}`, ['v1']),
  };
}

describe('SharedHeads', () => {
  it('asks for each tag and each list once, also while the first answer is on its way', async () => {
    const asked: string[] = [];
    const heads = new SharedHeads(noting(asked));
    const found = await Promise.all([heads.headManifest('a', 'v1'), heads.headManifest('a', 'v1')]);
    expect(found.map((head) => head?.digest)).toEqual([digest(1), digest(1)]);
    await heads.headManifest('a', 'v1');
    await heads.headManifest('a', 'v2');
    await heads.headManifest('b', 'v1');
    expect(await Promise.all([heads.listTags('a'), heads.listTags('a')])).toEqual([['v1'], ['v1']]);
    expect(asked).toEqual(['HEAD a:v1', 'HEAD a:v2', 'HEAD b:v1', 'LIST a']);
  });

  it('passes requests for manifests on, and errors to all who asked', async () => {
    const asked: string[] = [];
    const heads = new SharedHeads(noting(asked, new Error('is down')));
    for (const _ of [1, 2]) await expect(heads.headManifest('a', 'v1')).rejects.toThrow('is down');
    for (const _ of [1, 2]) await expect(heads.getManifest('a', 'v1')).rejects.toThrow('is down');
    expect(asked).toEqual(['HEAD a:v1', 'GET a:v1', 'GET a:v1']);
  });
});
