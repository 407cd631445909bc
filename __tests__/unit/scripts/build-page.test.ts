import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPage } from '../../../scripts/page/build-page.ts';
import { isOwnPage, renderPage } from '../../../src/catalogue/page.ts';

let page = '';
beforeAll(async () => {
  page = await buildPage();
});

const policy = (): string => /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '';
const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe('buildPage', () => {
  it('makes one file with style and script inside, which takes the data', () => {
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<link rel="stylesheet"|<script src|\{\{csp\}\}/);
    expect(isOwnPage(renderPage(page, []))).toBe(true);
  });

  it('allows exactly its own script and style', () => {
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
    const [, script = ''] = /<script>(.*?)<\/script>/s.exec(page) ?? [];
    expect(policy()).toContain(`script-src ${hash(script)};`);
    expect(policy()).toContain(`style-src ${hash(style)};`);
    expect(policy()).toMatch(/^default-src 'none';/);
    expect(policy()).not.toMatch(/unsafe|\*|https?:/);
  });

  it('names no other host', () => {
    const addresses = Array.from(page.matchAll(/\bhttps?:\/\/[^\s"'`)<]+/g), ([address]) => address);
    expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg']));
  });

  it('stays small', () => {
    expect(Buffer.byteLength(page)).toBeLessThan(100_000);
  });

  it('is the same each time', async () => {
    expect(await buildPage()).toBe(page);
  });
});
