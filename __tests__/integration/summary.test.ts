import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderSummary } from '../../src/report/summary.ts';
import { EXAMPLE_RUNS } from '../support/fixtures/example-runs.ts';
import { findLowContrast, findOverflow, openSummary, startBrowser } from '../support/run/browser.ts';
import type { Theme } from '../support/run/document.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
/** About two screens. */
const MAX_HEIGHT = 1800;
const MAX_PICTURE_BYTES = 200_000;
/** Versions of the browser and its fonts differ a little. */
const TOLERANCE = 0.05;

const THEMES: readonly Theme[] = ['light', 'dark'];

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
});

function sizeOf(png: Buffer): { width: number; height: number } {
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

describe.each(Object.entries(EXAMPLE_RUNS))('the summary of a run of the kind %s', (name, run) => {
  const summary = renderSummary(run);

  it.each(THEMES)('fits the page and is easy to read, theme %s', async (theme) => {
    const page = await openSummary(browser, summary, theme);
    expect(await findOverflow(page)).toEqual([]);
    expect(await findLowContrast(page)).toEqual([]);
    await page.close();
  });

  it('fits a narrow page, where only tables and code scroll', async () => {
    const page = await openSummary(browser, summary, 'light');
    await page.setViewportSize({ width: 400, height: 800 });
    const wide = (await findOverflow(page)).filter((one) => !/^(?:table|pre|code|t\w+)\b/.test(one));
    expect(wide).toEqual([]);
    await page.close();
  });

  it('looks as in the documents: set UPDATE_PICTURES=1 to take the picture again', async () => {
    const page = await openSummary(browser, summary, 'light');
    const picture = await page.locator('.markdown-body').screenshot();
    await page.close();
    const file = `${IMAGES}summary-${name}.png`;
    if (process.env['UPDATE_PICTURES'] === '1' || !existsSync(file)) writeFileSync(file, picture);
    const [shown, expected] = [sizeOf(picture), sizeOf(readFileSync(file))];
    expect(shown.width).toBe(expected.width);
    expect(Math.abs(shown.height - expected.height)).toBeLessThan(expected.height * TOLERANCE);
    expect(shown.height).toBeLessThan(MAX_HEIGHT);
    expect(picture.length).toBeLessThan(MAX_PICTURE_BYTES);
  });
});

describe('the checks of a page', () => {
  it('find text that does not fit', async () => {
    const page = await openSummary(browser, `\`${'x'.repeat(400)}\`{style}`, 'light');
    await page.addStyleTag({ content: 'code { white-space: nowrap !important }' });
    expect(await findOverflow(page)).not.toEqual([]);
    await page.close();
  });

  it('find text that is hard to read', async () => {
    const page = await openSummary(browser, 'pale', 'light');
    await page.addStyleTag({ content: 'p { color: #aaa }' });
    expect(await findLowContrast(page)).toEqual(['2.32: pale']);
    await page.close();
  });
});
