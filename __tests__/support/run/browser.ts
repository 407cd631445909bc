import { existsSync } from 'node:fs';
import { type Browser, type Page, chromium } from 'playwright-core';
import { type Theme, WIDTH, renderDocument } from './document.ts';

const CHROMIUM = '/usr/bin/chromium';
/** Debian's Chromium without a window. */
export async function startBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: install Debian's package chromium`);
  // Containers have neither user namespaces for a sandbox nor a large /dev/shm.
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-device-scale-factor=1'],
  });
}

/** Opens `markdown` as a page. */
export async function openSummary(browser: Browser, markdown: string, theme: Theme): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 400 } });
  await page.setContent(renderDocument(markdown, theme));
  return page;
}

/** Elements that are wider than the page, or whose text is cut off or must be scrolled sideways. */
export async function findOverflow(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`
    Array.from(document.querySelectorAll('.markdown-body, .markdown-body *'))
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0
        || element.getBoundingClientRect().right > innerWidth + 1)
      .map((element) => element.tagName.toLowerCase() + ': ' + element.textContent.trim().slice(0, 60))
  `);
}

/** Texts whose contrast with their background is below 4.5 : 1. https://www.w3.org/TR/WCAG22/#contrast-minimum */
export async function findLowContrast(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`
    (() => {
      const parse = (color) => {
        const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
        return [r, g, b, a];
      };
      const over = (top, bottom) => top.slice(0, 3).map((value, index) => value * top[3] + bottom[index] * (1 - top[3]));
      const luminance = (rgb) => {
        const [r, g, b] = rgb.map((value) => {
          const part = value / 255;
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const backgroundOf = (element) => {
        if (!element) return [255, 255, 255];
        const own = parse(getComputedStyle(element).backgroundColor);
        return own[3] === 1 ? own.slice(0, 3) : over(own, backgroundOf(element.parentElement));
      };
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const low = [];
      while (walker.nextNode()) {
        const { textContent, parentElement } = walker.currentNode;
        if (textContent.trim() === '' || parentElement.closest('style')) continue;
        const background = backgroundOf(parentElement);
        const text = over(parse(getComputedStyle(parentElement).color), background);
        const [light, dark] = [luminance(text), luminance(background)].sort((a, b) => b - a);
        const ratio = (light + 0.05) / (dark + 0.05);
        if (ratio < 4.5) low.push(ratio.toFixed(2) + ': ' + textContent.trim().slice(0, 60));
      }
      return low;
    })()
  `);
}
