import { describe, expect, it } from 'vitest';
import { LANGUAGES, chooseLanguage, formatAge, formatNumber } from '../../../catalogue/i18n.ts';

describe('the texts', () => {
  const all = (texts: object): string[] =>
    Object.values(texts).map((text: unknown) =>
      typeof text === 'function' ? String(text('5', '6')) : String(text),
    );

  it('are there in both languages, and differ', () => {
    expect(Object.keys(LANGUAGES.zh)).toEqual(Object.keys(LANGUAGES.en));
    const [en, zh] = [all(LANGUAGES.en), all(LANGUAGES.zh)];
    expect(en.filter((text) => text === '')).toEqual([]);
    expect(zh.filter((text, index) => text === en[index])).toEqual([]);
    expect(en.filter((text) => /\p{Script=Han}/u.test(text))).toEqual(['中文']);
  });
});

describe('chooseLanguage', () => {
  it('takes what was chosen, then what the browser prefers, then English', () => {
    expect(chooseLanguage('en', ['zh-CN'])).toBe('en');
    expect(chooseLanguage(null, ['fr', 'zh-TW', 'en'])).toBe('zh');
    expect(chooseLanguage(null, ['fr'])).toBe('en');
  });
});

describe('formatAge', () => {
  const now = Date.UTC(2026, 10, 26, 12);
  it.each([
    ['2026-11-26T01:00:00Z', 'today', '今天'],
    ['2026-11-26', 'today', '今天'],
    ['2026-11-25T23:59:59Z', 'yesterday', '昨天'],
    ['2026-11-01', '25 days ago', '25天前'],
    ['2026-08-01', '4 months ago', '4个月前'],
    ['2021-06-04', '5 years ago', '5年前'],
    ['soon', '', ''],
  ])('says how long ago %s is', (time, en, zh) => {
    expect(formatAge(time, now, 'en')).toBe(en);
    expect(formatAge(time, now, 'zh')).toBe(zh);
  });
});

describe('formatNumber', () => {
  it('groups digits', () => {
    expect(formatNumber(129378, 'en')).toBe('129,378');
  });
});
