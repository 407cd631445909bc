import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readCataloguePage } from '../../../src/action/catalogue-page.ts';

describe('readCataloguePage', () => {
  it('reads the page', async () => {
    const page = await readCataloguePage(new URL('../../../catalogue/index.html', import.meta.url));
    expect(page).toMatch(/^<!doctype html>/);
  });

  it('says what to do when it is missing', async () => {
    await expect(readCataloguePage(pathToFileURL('/nowhere/catalogue.html'))).rejects.toThrow(
      /check out all of dist/,
    );
  });
});
