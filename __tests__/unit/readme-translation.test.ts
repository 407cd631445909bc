import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readAction } from '../support/run/runner.ts';

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8').replaceAll('\r\n', '\n');

/** README's sections, in their order, and their names in Chinese. */
const SECTIONS = {
  'Quick start': '快速开始',
  'How it works': '工作原理',
  Permissions: '权限',
  'Common set-ups': '常见用法',
  Inputs: '输入',
  Outputs: '输出',
  Troubleshooting: '故障排查',
  Versions: '版本',
  Contributing: '参与贡献',
  Licence: '许可证',
};

const blocksOf = (text: string): string[] =>
  Array.from(text.matchAll(/^```\w+\n(.*?)^```$/gms), ([block]) => block);

const sectionsOf = (text: string): string[] =>
  Array.from(
    blocksOf(text)
      .reduce((rest, block) => rest.replace(block, ''), text)
      .matchAll(/^## (.+)$/gm),
    ([, name = '']) => name,
  );

const linksOf = (text: string): string[] =>
  Array.from(text.matchAll(/\]\(((?:docs|examples)\/[^)]+)\)/g), ([, link = '']) => link);

describe('README.zh-CN.md', () => {
  const english = read('README.md');
  const chinese = read('README.zh-CN.md');

  it('has the sections of README.md in their order', () => {
    expect(sectionsOf(english)).toEqual(Object.keys(SECTIONS));
    expect(sectionsOf(chinese)).toEqual(Object.values(SECTIONS));
  });

  it('has the code of README.md, and of the pages about lists and gcrsync', () => {
    const [workflow, record, commands, ...others] = blocksOf(english);
    expect(others).toEqual([]);
    const [gcrsync] = blocksOf(read('docs/migrating-from-gcrsync.md'));
    const [list] = blocksOf(read('docs/lists.md'));
    expect(blocksOf(chinese)).toEqual([workflow, record, list, gcrsync, commands]);
  });

  it('names each input and output', async () => {
    const action = await readAction();
    const names = [...Object.keys(action.inputs), ...Object.keys(action.outputs)];
    expect(names.filter((name) => !chinese.includes(`\`${name}\``))).toEqual([]);
  });

  it('leads to the examples that README.md leads to', () => {
    const examples = (text: string): string[] => linksOf(text).filter((link) => link.startsWith('examples/'));
    expect(examples(english).length).toBeGreaterThan(0);
    expect(examples(chinese)).toEqual(examples(english));
  });
});
