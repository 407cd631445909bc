import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe-core finds wrong with a page for people who use a keyboard or a screen reader, by rule and element. */
export async function findAccessibilityProblems(page: Page): Promise<string[]> {
  // The page's policy forbids other scripts; this one is run by the browser's debugger.
  await page.evaluate(readFileSync(AXE, 'utf8'));
  return page.evaluate<string[]>(`
    axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 160))))
  `);
}

/** Visible elements that reach beyond the window's sides, and texts that are cut off though nothing says that they may be. */
export async function findWideElements(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`
    Array.from(document.querySelectorAll('body *'))
      .filter((element) => {
        const { left, right, width, height } = element.getBoundingClientRect();
        if (width < 2 || height < 2 || !element.checkVisibility({ opacityProperty: true })) return false;
        if (right > innerWidth + 1 || left < -1) return true;
        const mayBeCut = element.closest('.clip, .scroller, textarea, input, svg, .command code') !== null;
        return !mayBeCut && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
      })
      .map((element) => element.tagName.toLowerCase() + '.' + element.className + ': ' + element.textContent.trim().slice(0, 60))
  `);
}
