import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, packageFolder, readBundle } from '../../../scripts/dist/packages.ts';
import { packagesTable } from '../../../scripts/dist/table.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

describe('readBundle', () => {
  let bundle: Bundle;
  beforeAll(async () => {
    bundle = await readBundle(ROOT);
  });

  it('finds every package with its licence and the hash of its archive', () => {
    const { packages } = bundle;
    const names = packages.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['@actions/core', 'octokit', 'undici', 'valibot', 'yaml']));
    expect(
      packages.filter(({ licence, integrity }) => licence === undefined || integrity === undefined),
    ).toEqual([]);
  });

  it('loads neither the cache nor YAML at the start', () => {
    const { packages, filesAtStart } = bundle;
    expect(filesAtStart).toContain('index.js');
    expect(filesAtStart).toContain('start.js');
    expect(filesAtStart).toContain('post.js');
    const atStart = packages.filter(({ bytesByFile }) =>
      Array.from(bytesByFile.keys()).some((file) => filesAtStart.has(file)),
    );
    const names = atStart.map(({ name }) => name);
    expect(names).toContain('undici');
    // @actions/core's HTTP client has an undici of its own.
    expect(names.filter((name) => name === 'undici' || name === '@actions/http-client')).toEqual(['undici']);
    expect(names.filter((name) => /^@azure\/|^@actions\/cache$|^yaml$|^@protobuf-ts\//.test(name))).toEqual(
      [],
    );
  });

  it('stays below 5 MB, and below 2.5 MB at the start', () => {
    const { packages, ownBytesByFile, filesAtStart } = bundle;
    const sizes = [ownBytesByFile, ...packages.map(({ bytesByFile }) => bytesByFile)].flatMap((files) => [
      ...files,
    ]);
    const sum = (entries: readonly (readonly [string, number])[]): number =>
      entries.reduce((total, [, bytes]) => total + bytes, 0);
    expect(sum(sizes)).toBeLessThan(5_000_000);
    expect(sum(sizes.filter(([file]) => filesAtStart.has(file)))).toBeLessThan(2_500_000);
  });
});

describe('packageFolder', () => {
  it('is the innermost package of a module', () => {
    const yaml = `${ROOT.replaceAll('\\', '/')}node_modules/yaml`;
    expect(packageFolder(`${ROOT}node_modules/yaml/dist/index.js`)).toBe(yaml);
    expect(packageFolder(`${ROOT}src/index.ts`)).toBeUndefined();
    expect(packageFolder(`${ROOT}node_modules/not-there/index.js`)).toBeUndefined();
  });
});

describe('packagesTable', () => {
  it('has the largest package first, and the sum last', () => {
    const packages = [
      { name: 'small', version: '1.0.0', bytesByFile: new Map([['a.js', 10]]) },
      {
        name: 'large',
        version: '2.0.0',
        bytesByFile: new Map([
          ['b.js', 1500],
          ['a.js', 500],
        ]),
      },
    ];
    const table = packagesTable({
      packages,
      ownBytesByFile: new Map([['a.js', 100]]),
      filesAtStart: new Set(['a.js']),
    });
    expect(table.split('\n').slice(2)).toEqual([
      '| large 2.0.0 | 2,000 | a.js, b.js |',
      '| this repository | 100 | a.js |',
      '| small 1.0.0 | 10 | a.js |',
      '| all | 2,110 |  |',
      '',
    ]);
  });
});
