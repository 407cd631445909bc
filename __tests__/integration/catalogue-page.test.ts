import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage } from '../../scripts/page/build-page.ts';
import { renderBadge } from '../../src/catalogue/badge.ts';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { serializeCatalogue } from '../../src/catalogue/catalogue-file.ts';
import { renderPage } from '../../src/catalogue/page.ts';
import {
  LARGE_IMAGES,
  LARGE_TAGS,
  largeCatalogue,
  manifestOf,
  partFor,
} from '../support/fixtures/catalogues.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { digest } from '../support/fixtures/digests.ts';
import { SMALL } from '../support/fixtures/page-data.ts';
import { type TestServer, startServer } from '../support/network/http.ts';
import { startBrowser } from '../support/run/browser.ts';
import { findAccessibilityProblems, findWideElements } from '../support/run/page-checks.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 360, height: 740 };

let browser: Browser;
let template: string;
let folder: string;
let server: TestServer;
/** Requests that the page made, by path. */
let requested: string[];

beforeAll(async () => {
  [browser, template] = await Promise.all([startBrowser(), buildPage()]);
  folder = mkdtempSync(join(tmpdir(), 'catalogue-'));
  requested = [];
  server = await startServer(async (request, response) => {
    const path = join(folder, new URL(request.url ?? '/', 'http://localhost').pathname);
    requested.push(request.url ?? '');
    response.writeHead(existsSync(path) ? 200 : 404, {
      'content-type': path.endsWith('.html') ? 'text/html; charset=utf-8' : 'text/plain',
    });
    response.end(existsSync(path) ? readFileSync(path) : '');
  });
});
afterAll(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Writes the files of a catalogue into a folder of its own. */
function publish(name: string, catalogue: Catalogue, lastRun = new Date()): void {
  mkdirSync(join(folder, name), { recursive: true });
  const write = (file: string, text: string): void => writeFileSync(join(folder, name, file), text);
  write('index.html', renderPage(template, catalogue));
  write('catalogue.json', serializeCatalogue(catalogue));
  write('badge.json', renderBadge(catalogue, lastRun));
}

interface Opened {
  readonly page: Page;
  /** Errors of scripts, and what the page's policy blocked. */
  readonly problems: string[];
  readonly close: () => Promise<void>;
}

type Options = Parameters<Browser['newContext']>[0];

async function open(address: string, options: Options = {}): Promise<Opened> {
  const context: BrowserContext = await browser.newContext({ viewport: WIDE, locale: 'en-US', ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(address);
  await page.waitForSelector('body.ready');
  return { page, problems, close: async () => context.close() };
}

const fileUrl = (name: string, hash = ''): string =>
  pathToFileURL(join(folder, name, 'index.html')).href + hash;
const httpUrl = (name: string, hash = ''): string => `${server.url}/${name}/index.html${hash}`;
const textsOf = async (page: Page, selector: string): Promise<string[]> =>
  page.locator(selector).allInnerTexts();

/** Views of the page, each with what shows that it is there. */
const VIEWS: [name: string, hash: string, selector: string][] = [
  ['all images', '', '.image-row'],
  ['a search', '#?q=base%20debug', '.tag-row'],
  ['a search without results', '#?q=nothing-of-this-name', '#nothing:not([hidden])'],
  ['an image', '#/gcr.io/distroless/base:debug', '.command'],
  ['an image that is missing', '#/gcr.io/distroless/none', '.missing'],
  ['client set-up', '#setup', '.files'],
  ['the check of a list', '#check', 'textarea'],
];

describe('the page', () => {
  beforeAll(() => publish('small', SMALL));

  it('finds an image while somebody types, and shows its commands', async () => {
    const { page, problems, close } = await open(httpUrl('small'));
    await page.getByRole('searchbox', { name: 'Search images' }).pressSequentially('base debug');
    expect(await textsOf(page, '.rows .row')).toEqual([expect.stringContaining('base'), 'debug']);
    await page.getByRole('link', { name: 'debug', exact: true }).click();
    expect(page.url()).toContain('#/gcr.io/distroless/base:debug');
    expect(await textsOf(page, '.command code')).toContain('docker pull docker.io/gcrxio/base:debug');
    expect(await textsOf(page, '.facts .chip')).toEqual(['linux/amd64', 'linux/arm64']);
    expect(await textsOf(page, '.digest')).toEqual([digest(3), digest(2)]);
    expect(problems).toEqual([]);
    await close();
  });

  it('copies commands by tag, by digest, and with the original name', async () => {
    const { page, close } = await open(httpUrl('small', '#/gcr.io/distroless/java/17:latest'), {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const copied = async (client: string): Promise<string> => {
      await page.getByRole('button', { name: `Copy: ${client}`, exact: true }).click();
      expect(await page.locator('#toast').innerText()).toBe('Copied');
      return page.evaluate<string>('navigator.clipboard.readText()');
    };
    expect(await copied('Docker')).toBe('docker pull docker.io/gcrxio/java_17:latest');
    expect(await copied('Kubernetes')).toBe('image: docker.io/gcrxio/java_17:latest');
    await page.getByText('Digest', { exact: true }).first().click();
    expect(await copied('crane')).toBe(`crane pull docker.io/gcrxio/java_17@${digest(6)} 17.tar`);
    await page.getByText('Tag', { exact: true }).click();
    await page.getByLabel('original name').check();
    expect(await copied('nerdctl')).toBe(
      'nerdctl pull docker.io/gcrxio/java_17:latest && ' +
        'nerdctl tag docker.io/gcrxio/java_17:latest gcr.io/distroless/java/17:latest',
    );
    await close();
  });

  it('shows all places of an image', async () => {
    const { page, close } = await open(fileUrl('small', '#/gcr.io/distroless/base'));
    await page.getByRole('combobox').selectOption('registry.example/mirror/base');
    expect(page.url()).toContain('?at=registry.example/mirror/base');
    expect(await textsOf(page, '.command code')).toContain('docker pull registry.example/mirror/base:latest');
    await page.goto(fileUrl('small', '#/gcr.io/distroless/base:special'));
    expect(await textsOf(page, '.command code')).toContain(
      'docker pull registry.example/mirror/base:special',
    );
    expect(await textsOf(page, '.image-row[aria-current] .from')).toEqual([
      'gcr.io/distroless → registry.example/mirror/base',
    ]);
    await close();
  });

  it('says what of a list is mirrored', async () => {
    const { page, close } = await open(fileUrl('small', '#check'));
    await page
      .getByRole('textbox')
      .fill('registry.k8s.io/pause:3.10\nregistry.k8s.io/etcd:3.5\n- image: nginx:9');
    expect(await textsOf(page, '.check-list .state')).toEqual(['mirrored', 'image missing', 'tag missing']);
    expect(await page.getByRole('status').allInnerTexts()).toContain('1 of 3 are mirrored');
    await close();
  });

  it('tells the day of the last run where it can read it, and of the last change elsewhere', async () => {
    publish('aged', SMALL, new Date(Date.now() - 3 * 86_400_000));
    const [served, opened] = await Promise.all([open(httpUrl('aged')), open(fileUrl('aged'))]);
    await served.page.getByText('Last run: 3 days ago').waitFor();
    expect(await opened.page.locator('#age').innerText()).toMatch(/^Last change: /);
    expect(opened.problems).toEqual([]);
    await Promise.all([served.close(), opened.close()]);
  });

  it('asks no other host, and nothing but the day of the last run', async () => {
    requested.length = 0;
    const { page, close } = await open(httpUrl('small', '#setup'));
    const hosts = new Set<string>();
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
    await page.getByText('Last run').waitFor();
    await page.getByRole('link', { name: 'Check a list' }).click();
    expect([...hosts].filter((host) => host !== new URL(server.url).host)).toEqual([]);
    expect(requested).toEqual(['/small/index.html', '/small/badge.json']);
    await close();
  });

  it('works without a mouse', async () => {
    const { page, close } = await open(fileUrl('small'));
    await page.keyboard.press('/');
    await page.keyboard.type('distroless');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('End');
    const focused = async (): Promise<string | null> =>
      page.evaluate<string | null>('document.activeElement.getAttribute("href")');
    expect(await focused()).toBe('#/gcr.io/distroless/java/17');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    expect(await page.locator('.image-head h2').innerText()).toBe('base');
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('detail');
    await page.keyboard.press('/');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('search');
    await close();
  });

  it('tells screen readers how long the list is, and where they are', async () => {
    const { page, close } = await open(fileUrl('small'));
    const row = page.getByRole('listitem').filter({ hasText: 'kube-apiserver' });
    expect(await row.getAttribute('aria-setsize')).toBe('8');
    expect(await row.getAttribute('aria-posinset')).toBe('7');
    await close();
  });

  it('speaks Chinese where the browser does, and remembers what was chosen', async () => {
    const { page, problems, close } = await open(httpUrl('small'), { locale: 'zh-CN' });
    expect(await page.getByRole('searchbox').getAttribute('aria-label')).toBe('搜索镜像、标签和摘要');
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    await page.getByRole('button', { name: 'English' }).click();
    await page.reload();
    await page.getByRole('link', { name: 'Set up clients' }).waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  it('is light or dark as the system is, or as chosen', async () => {
    const { page, close } = await open(fileUrl('small'), { colorScheme: 'dark' });
    const ground = async (): Promise<string> =>
      page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const dark = await ground();
    await page.getByRole('button', { name: 'Light or dark' }).click();
    expect(await ground()).not.toBe(dark);
    await page.getByRole('button', { name: 'Light or dark' }).click();
    expect(await ground()).toBe(dark);
    await close();
  });

  it('lists the configuration that stands beside it', async () => {
    const { page, close } = await open(fileUrl('small', '#setup'));
    const links = await page
      .locator('.file')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    expect(links).toEqual([
      'clients/registries.conf',
      ...['docker.io', 'gcr.io', 'registry.k8s.io'].map((host) => `clients/containerd/${host}/hosts.toml`),
      'clients/kustomization.yaml',
      'clients/kyverno.yaml',
      'clients/kubeadm.yaml',
    ]);
    await close();
  });
});

describe.each(VIEWS)('the view of %s', (_, hash, selector) => {
  beforeAll(() => publish('small', SMALL));

  it.each(['light', 'dark'] as const)('has no findings of axe-core, theme %s', async (colorScheme) => {
    const { page, close } = await open(fileUrl('small', hash), { colorScheme });
    await page.locator(selector).first().waitFor();
    expect(await findAccessibilityProblems(page)).toEqual([]);
    await close();
  });

  it.each([
    ['wide', 'en-US', WIDE],
    ['narrow', 'en-US', NARROW],
    ['narrow', 'zh-CN', NARROW],
  ])('fits a %s window, language %s', async (_width, locale, viewport) => {
    const { page, close } = await open(fileUrl('small', hash), { viewport, locale });
    expect(await findWideElements(page)).toEqual([]);
    await close();
  });

  it('has no findings of axe-core in a narrow window', async () => {
    const { page, close } = await open(fileUrl('small', hash), { viewport: NARROW });
    expect(await findAccessibilityProblems(page)).toEqual([]);
    await close();
  });
});

describe('a page of 129,378 tags', () => {
  beforeAll(() => publish('large', largeCatalogue()));

  it('paints within a second, and finds within 100 ms', async () => {
    const { page, problems, close } = await open(fileUrl('large'));
    const paint = await page.evaluate<number>(
      "performance.getEntriesByName('first-contentful-paint')[0].startTime",
    );
    expect(paint).toBeLessThan(1000);
    const times = await page.evaluate<number[]>(`
      ['p', 'pr', 'proxy', 'v1', 'proxy v1.2', 'gcr.io', 'operator', '1', 'sha256:0123456789ab'].map((text) => {
        const input = document.querySelector('#search');
        const start = performance.now();
        input.value = text;
        input.dispatchEvent(new Event('input'));
        document.querySelector('.rows').getBoundingClientRect();
        return performance.now() - start;
      })
    `);
    expect(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]).toBeLessThan(100);
    expect(problems).toEqual([]);
    await close();
  });

  it('has only the rows in view, and reaches all others', async () => {
    const { page, close } = await open(fileUrl('large'));
    const rows = page.locator('.finder .row');
    expect(await rows.first().getAttribute('aria-setsize')).toBe(String(LARGE_IMAGES));
    expect(await rows.count()).toBeLessThan(60);
    await page.locator('.finder .scroller').evaluate((element) => (element.scrollTop = element.scrollHeight));
    await page.locator(`.finder .row[aria-posinset="${LARGE_IMAGES}"]`).waitFor();
    expect(await rows.count()).toBeLessThan(60);
    expect(await page.locator('#brand-hint').innerText()).toContain(LARGE_TAGS.toLocaleString('en'));
    await close();
  });

  it('opens a link to one of thousands of tags', async () => {
    const { page, close } = await open(fileUrl('large', '#/gcr.io/distroless/base-8'));
    await page.locator('.tag-line').first().waitFor();
    await page.goto(fileUrl('large', '#/gcr.io/distroless/github.com/example/base/cmd/base-0'));
    await page.getByRole('searchbox', { name: 'Filter tags' }).fill('v36.9');
    const [link = ''] = await page
      .locator('.tag-line')
      .evaluateAll((all) => all.map((one) => one.getAttribute('href') ?? ''));
    await page.goto(fileUrl('large', link));
    await page.locator('.tag-line[aria-current]').waitFor();
    expect(await page.locator('.tag-line[aria-current]').getAttribute('href')).toBe(link);
    await close();
  });
});

describe('hostile names', () => {
  const markup = '</script><img src=x onerror="window.hit=1"><b>';
  const hostile = partFor(
    manifestOf('gcr.io/evil', 'docker.io/evil', {
      constructor: { __proto__x: digest(1), constructor: null, toString: null },
      image: { v1: { digest: digest(1), target: digest(2), platforms: [markup, 'javascript:window.hit=1'] } },
    }),
  );

  it('stay text, in the data and in the address', async () => {
    publish('hostile', [hostile]);
    const { page, problems, close } = await open(fileUrl('hostile', '#/gcr.io/evil/image:v1'));
    expect(await textsOf(page, '.facts .chip')).toContain(markup);
    for (const hash of [
      `#/${markup}`,
      `#?q=${encodeURIComponent(markup)}`,
      '#/javascript:window.hit=1',
      '#/gcr.io/evil/constructor:toString',
    ]) {
      await page.goto(fileUrl('hostile', hash));
      await page.waitForTimeout(50);
    }
    await page.goto(fileUrl('hostile', '#check'));
    await page.getByRole('textbox').fill(`${markup}\njavascript:window.hit=1\nconstructor`);
    expect(await page.locator('img, b').count()).toBe(0);
    expect(await page.evaluate('window.hit')).toBeUndefined();
    const links = await page
      .locator('a')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
    expect(links.filter((link) => !/^(?:#|clients\/|catalogue\.json$)/.test(link))).toEqual([]);
    expect(problems).toEqual([]);
    await close();
  });

  it('could run nothing if they were not', async () => {
    publish('hostile', [hostile]);
    const html = readFileSync(join(folder, 'hostile', 'index.html'), 'utf8');
    writeFileSync(
      join(folder, 'hostile', 'index.html'),
      html.replace('</body>', '<script>window.hit = 1</script></body>'),
    );
    const { page, problems, close } = await open(fileUrl('hostile'));
    expect(await page.evaluate('window.hit')).toBeUndefined();
    expect(problems).toEqual([expect.stringContaining('Content Security Policy')]);
    await close();
  });
});

const shown = (text: string): Digest => digestOf(Buffer.from(text));
/** A mirror as there may be one. */
const PICTURED = ['distroless', 'istio-release', 'knative-releases'].map((name) =>
  partFor(
    manifestOf(
      `gcr.io/${name}`,
      'docker.io/gcrxio',
      Object.fromEntries(
        ['base', 'cc', 'controller', 'java', 'operator', 'pilot', 'proxyv2', 'static'].map((image) => [
          image,
          Object.fromEntries(
            ['latest', 'debug', 'nonroot', 'v1.28.1', 'v1.28.0', 'v1.27.4', 'v1.27.3'].map((tag) => [
              tag,
              shown(image + tag.replace('latest', 'v1.28.1')),
            ]),
          ),
        ]),
      ),
    ),
  ),
);

describe('the pictures of the page', () => {
  it.each([
    ['catalogue', '#/gcr.io/distroless/base:debug', { viewport: { width: 1280, height: 860 } }],
    [
      'catalogue-narrow',
      '#/gcr.io/distroless/base:debug',
      { viewport: NARROW, colorScheme: 'dark' as const },
    ],
  ])('%s looks as in the documents: set UPDATE_PICTURES=1 to take it again', async (name, hash, options) => {
    publish('pictured', PICTURED);
    const { page, close } = await open(httpUrl('pictured', hash), options);
    await page.getByText('Last run: today').waitFor({ state: 'attached' });
    const picture = await page.screenshot();
    await close();
    const file = `${IMAGES}${name}.png`;
    if (process.env['UPDATE_PICTURES'] === '1' || !existsSync(file)) writeFileSync(file, picture);
    expect(picture.readUInt32BE(16)).toBe(readFileSync(file).readUInt32BE(16));
    expect(picture.length).toBeLessThan(200_000);
  });
});
