import { describe, expect, it } from 'vitest';
import { listRoot } from '../../../src/list/root.ts';
import { type ListedTags, type Source, NotListed } from '../../../src/list/source.ts';
import { RegistryError } from '../../../src/oci/errors.ts';

const NAMESPACE = { registry: 'r.example', path: 'team' };

function sourceOf(
  own: ListedTags | Error,
  repositories: readonly string[] | Error = [],
  kind: Source['kind'] = 'either',
): Source {
  const orThrow = async <T>(given: T | Error): Promise<T> => {
    if (given instanceof Error) throw given;
    return Promise.resolve(given);
  };
  return { kind, listTags: async () => orThrow(own), listRepositories: async () => orThrow(repositories) };
}

function refusal(status: number, retryable = false): RegistryError {
  const url = new URL('https://r.example/v2/team/tags/list');
  return new RegistryError({ method: 'GET', url, cause: `status ${status}`, status, retryable });
}

const tags = new Map([['v1', null]]);

describe('listRoot', () => {
  it("has the namespace's own tags, and of the registry's repositories those below it", async () => {
    const source = sourceOf({ tags }, ['team/a', 'teams/b', 'team/a/c', 'team']);
    expect(await listRoot(NAMESPACE, source)).toEqual({
      tags,
      children: ['team/a', 'team/a/c'],
      isFlat: true,
    });
  });

  it('takes the children that the list of tags names, and asks for no others', async () => {
    const source = sourceOf({ tags, children: ['team/a'] }, new Error('asked'));
    expect(await listRoot(NAMESPACE, source)).toEqual({ tags, children: ['team/a'], isFlat: false });
  });

  it('has the tags of a repository whose registry lists no others', async () => {
    const source = sourceOf({ tags }, new NotListed('no catalog'));
    expect(await listRoot(NAMESPACE, source)).toEqual({ tags, children: [], isFlat: true });
  });

  it('has a repository that is listed and can not be read among its children', async () => {
    expect(await listRoot(NAMESPACE, sourceOf(refusal(403), ['team']))).toMatchObject({ children: ['team'] });
  });

  it('says of a missing namespace what to check, with both refusals', async () => {
    await expect(listRoot(NAMESPACE, sourceOf(refusal(404)))).rejects.toThrow(
      'r.example/team does not exist or is private. Check "namespaces"',
    );
    await expect(listRoot(NAMESPACE, sourceOf(refusal(404), new NotListed('name each')))).rejects.toThrow(
      /^r\.example\/team does not exist, or is private, as a repository \(.*\), and name each$/,
    );
  });

  it('fails where the answer may pass', async () => {
    await expect(listRoot(NAMESPACE, sourceOf(refusal(503, true), ['team/a']))).rejects.toThrow('status 503');
  });
});
