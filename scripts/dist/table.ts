import type { Bundle } from './packages.ts';

/** A Markdown table: bytes in dist/ by package, the largest first, and the files that they are in. */
export function packagesTable({ packages, ownBytesByFile }: Bundle): string {
  const rows = [
    { name: 'this repository', version: '', bytesByFile: ownBytesByFile },
    ...packages,
  ].map(({ name, version, bytesByFile }) => ({
    name: `${name} ${version}`.trim(),
    bytes: Array.from(bytesByFile.values()).reduce((sum, bytes) => sum + bytes, 0),
    files: Array.from(bytesByFile.keys()).toSorted().join(', '),
  }));
  const total = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    '| package | bytes | files of dist/ |',
    '| --- | ---: | --- |',
    ...rows.toSorted((a, b) => b.bytes - a.bytes).map(({ name, bytes, files }) => row(name, bytes, files)),
    row('all', total, ''),
    '',
  ].join('\n');
}

function row(name: string, bytes: number, files: string): string {
  return `| ${name} | ${bytes.toLocaleString('en-US')} | ${files} |`;
}
