import { describe, expect, it } from 'vitest';
import type { Listing } from '../../../src/mirror/listing.ts';
import { parseNamespace } from '../../../src/mirror/namespace.ts';
import { isRepositoryName, isTag } from '../../../src/oci/names.ts';
import { renderSection } from '../../../src/record/changelog.ts';
import { parseNamespaceManifest } from '../../../src/record/namespace-manifest.ts';
import { annotate } from '../../../src/report/annotations.ts';
import type { RunResult } from '../../../src/report/result.ts';
import { renderSummary } from '../../../src/report/summary.ts';
import { testApis, testRegistries } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { listAll } from '../../support/fixtures/list-all.ts';
import { copied, failure, namespaceResult, runResult } from '../../support/fixtures/results.ts';
import { fakeNetwork } from '../../support/network/fake-network.ts';

/** Neither the name of a repository nor of a tag. */
const HOSTILE = [
  '',
  '.',
  '..',
  '../up',
  'a/../../b',
  '%2e%2e',
  '/etc/passwd',
  'a\\b',
  '-rf',
  '--all',
  'a b',
  'a;id',
  '$(id)',
  'a\nb',
  'a\r\nSet-Cookie: x',
  'a\0b',
  'a\u2028b',
  'gcr.io/\u202egnp',
  'a?x=1',
  'a#x',
  'a@b',
  'a|b',
  '`a`',
  '[x](https://evil.example)',
  '![x](https://evil.example/x.png)',
  '<img src=x onerror=alert(1)>',
  '<!-- sync x -->',
  '@octocat',
  '::set-output name=complete::true',
  '::add-mask::a',
  '\n::error::x',
  '##[set-output name=complete]true',
  '${{ secrets.TOKEN }}',
  'é',
  'x'.repeat(300),
];
/** What JavaScript objects have, and a repository or a tag may be called. */
const PROPERTIES = ['constructor', 'tostring', 'valueof'];

async function listed(answer: unknown): Promise<{ listing: Listing; paths: string[] }> {
  const { dispatcher, requests } = fakeNetwork(({ url }) => ({
    status: 200,
    body: JSON.stringify(
      url.pathname === '/v2/ns/tags/list' ? answer : { child: [], manifest: {}, tags: [] },
    ),
  }));
  const client = testRegistries({ dispatcher }).source('r.example');
  const listing = await listAll({ registry: 'r.example', path: 'ns' }, client, testApis());
  return { listing, paths: requests.map(({ url }) => url.pathname) };
}

describe('hostile names', () => {
  it('of repositories are failures and are never requested', async () => {
    const { listing, paths } = await listed({ child: [...HOSTILE, 'good'], manifest: {} });
    expect(paths.toSorted()).toEqual(['/v2/ns/good/tags/list', '/v2/ns/tags/list']);
    expect(listing.failures).toHaveLength(HOSTILE.length);
    expect(listing.images.size).toBe(0);
  });

  it('of tags are one failure, and valid tags are listed', async () => {
    const manifest = { [digest(1)]: { tag: [...HOSTILE, 'v1'] } };
    const { listing, paths } = await listed({ child: [], manifest, tags: HOSTILE });
    expect(paths).toEqual(['/v2/ns/tags/list']);
    expect(Array.from(listing.images.get('ns')?.tags.keys() ?? [])).toEqual(['v1']);
    expect(listing.failures).toHaveLength(1);
    expect(listing.failures[0]?.reason).toMatch(/does not allow \d+ of its tags/);
  });

  it('of object properties are names like any other', async () => {
    const manifest = { [digest(1)]: { tag: [...PROPERTIES, '__proto__'] } };
    const { listing, paths } = await listed({ child: PROPERTIES, manifest });
    expect(paths).toHaveLength(1 + PROPERTIES.length);
    expect(Array.from(listing.images.get('ns')?.tags.keys() ?? [])).toEqual([...PROPERTIES, '__proto__']);
  });

  it.each(HOSTILE)('are rejected everywhere: %j', (name) => {
    expect([isRepositoryName(name), isTag(name)]).toEqual([false, false]);
    expect(typeof parseNamespace(`gcr.io/${name}`, 'gcr.io')).toBe('string');
    const expected = { path: 'p.json', source: 's', target: 't' };
    const file = (images: unknown): Uint8Array =>
      Buffer.from(
        JSON.stringify(Array.isArray(images) ? images : { version: 1, source: 's', target: 't', images }),
      );
    for (const images of [{ [name]: {} }, { a: { [name]: null } }, [`${name}:v1`], [`a:${name}`]])
      expect(() => parseNamespaceManifest(file(images), expected)).toThrow("can't be read");
  });
});

function resultWith(texts: readonly string[]): RunResult {
  return runResult({
    errors: texts,
    namespaces: [
      namespaceResult({
        failures: texts.map((text, index) => failure(text, [text], `reason ${index}: ${text}`)),
        copied: texts.map((text) => copied(text, { added: [text], updated: [text] })),
        unsupported: texts.map((image) => ({ image, tags: [image] })),
      }),
    ],
  });
}

describe('text from a registry', () => {
  const result = resultWith(HOSTILE);

  it('adds no markup to the tags that the summary itself has', () => {
    const own = /<\/?(?:details|summary|code)>/g;
    const harmless = renderSummary(resultWith(HOSTILE.map((_, index) => `name-${index}`)));
    const summary = renderSummary(result);
    expect(summary.match(own)).toEqual(harmless.match(own));
    expect(markupOf(summary.replaceAll(own, ''))).toEqual([]);
  });

  it('is neither markup nor a marker in the changelog', () => {
    const [namespace = namespaceResult()] = result.namespaces;
    const section = renderSection(namespace, { time: new Date(0), timezone: 'UTC', runKey: 'run' });
    expect(markupOf(section)).toEqual(['<!']);
    expect(section).toMatch(/\n<!-- sync \S+ -->\n$/);
  });

  it('is cut to the size of an annotation', () => {
    const annotations = annotate(result);
    expect(annotations.length).toBeLessThanOrEqual(11);
    for (const { message } of annotations) expect(message.length).toBeLessThanOrEqual(4096);
  });
});

/** What of `markdown` is a link, an image, HTML or a mention: outside of code, and not escaped. */
function markupOf(markdown: string): string[] {
  const text = markdown.replaceAll(/`[^`\n]*`/g, '').replaceAll(/\\[^\w\s]/g, '');
  return text.match(/\]\(|<[a-z!/]|@\w|https?:\/\/|[\u2028\u202e\0]/gi) ?? [];
}
