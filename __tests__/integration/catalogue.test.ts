import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startBrowser } from '../support/run/browser.ts';
import { type World, inWorld, writes } from '../support/run/mirror-world.ts';

const FILES = [
  'index.html',
  'catalogue.json',
  'badge.json',
  'clients/registries.conf',
  'clients/kyverno.yaml',
];

async function filesIn(world: World, folder: string): Promise<(string | undefined)[]> {
  return Promise.all(FILES.map(async (file) => world.github.file('octo/meta', `${folder}/${file}`)));
}

/** What somebody sees who opens the page of the metadata repository as a file. */
async function openPage(html: string, hash: string): Promise<string> {
  const folder = await mkdtemp('/tmp/catalogue-page-');
  const browser = await startBrowser();
  try {
    await writeFile(join(folder, 'index.html'), html);
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(folder, 'index.html')).href + hash);
    await page.waitForSelector('body.ready');
    return await page.locator('#detail').innerText();
  } finally {
    await browser.close();
    await rm(folder, { recursive: true });
  }
}

describe('the catalogue of a run', () => {
  it('is written with the record, and not again when nothing changed', async () => {
    await inWorld(async (world) => {
      const { source, target, held, github } = world;
      const first = await world.run({ catalogue: 'docs' });
      expect(first.log).not.toContain('::error');
      expect(first.exitCode).toBe(0);
      const [html = '', json = '', badge = ''] = await filesIn(world, 'docs');
      expect((await filesIn(world, 'docs')).filter((file) => file === undefined)).toEqual([]);
      expect(json).toContain(`"source":"${source.host}/ns","target":"${target.host}/mirror"`);
      expect(badge).toMatch(/3 tags · \d{4}-\d\d-\d\d/);
      expect(html).toContain(json.trim());
      const seen = await openPage(html, `#/${source.host}/ns/new:v2`);
      expect(seen).toContain(`docker pull ${target.host}/mirror/new:v2`);
      expect(seen).toContain(held['new:v2']);
      github.requests.length = 0;
      const second = await world.run({ catalogue: 'docs' });
      expect(second.outputs).toMatchObject({ changed: 'false', complete: 'true' });
      expect(writes(world)).toBe(0);
      const about = github.requests.filter(({ path }) => /docs|trees/.test(path));
      expect(about).toHaveLength(2);
    });
  });

  it('is left to one job by those of a matrix, which mode record is for', async () => {
    await inWorld(async (world) => {
      const job = await world.run({ catalogue: 'docs', 'shard-total': '2', 'shard-index': '0' });
      expect(job.log).toContain('The catalogue was not updated: this is one of several jobs');
      await world.run({ catalogue: 'docs', 'shard-total': '2', 'shard-index': '1' });
      expect((await filesIn(world, 'docs')).filter((file) => file !== undefined)).toEqual([]);
      const last = await world.run({ mode: 'record', catalogue: 'docs', namespaces: '', target: '' });
      expect(last.exitCode).toBe(0);
      const [, json] = await filesIn(world, 'docs');
      expect(json?.match(/"v\d/g)).toEqual(['"v1', '"v2', '"v1']);
    });
  });

  it('does not replace a page that somebody wrote, and says so', async () => {
    await inWorld(async (world) => {
      await world.github.putFile('octo/meta', 'docs/index.html', '<h1>My project</h1>');
      const { exitCode, annotations } = await world.run({ catalogue: 'docs' });
      expect(exitCode).toBe(1);
      expect(annotations.map(({ message }) => message).join('\n')).toContain(
        'docs/index.html was not written by this action, and was not changed',
      );
      expect(await world.github.file('octo/meta', 'docs/index.html')).toBe('<h1>My project</h1>');
      expect(Object.keys(await world.recorded())).toHaveLength(3);
    });
  });
});
