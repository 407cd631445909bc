import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** A column of a table: its title, and its value in one measurement. Values are shown as medians. */
export interface Column<T> {
  readonly title: string;
  readonly digits?: number;
  readonly of: (measured: T) => number;
}

/** Rows of one Markdown table. A row holds the measurements of one tool. */
export interface Row<T> {
  readonly cells: readonly string[];
  readonly measured: readonly T[];
}

/** Prints a Markdown table. @param heads the titles of the rows' cells */
export function printTable<T>(
  title: string,
  heads: readonly string[],
  columns: readonly Column<T>[],
  rows: readonly Row<T>[],
): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  console.log(`\n${title}\n`);
  console.log(line([...heads, ...columns.map(({ title }) => title)]));
  console.log(line([...heads.map(() => '---'), ...columns.map(() => '---:')]));
  for (const { cells, measured } of rows) {
    const values = columns.map(({ of, digits = 0 }) => {
      const value = median(measured.map(of));
      return Number.isNaN(value)
        ? ''
        : value.toFixed(digits).replace(/\B(?=(?:\d{3})+(?!\d))(?<!\.\d*)/g, ',');
    });
    console.log(line([...cells, ...values]));
  }
}

/** The value in the middle; of an even number of values the higher one. Not a number if one of them is not. */
export function median(values: readonly number[]): number {
  if (values.some(Number.isNaN)) return Number.NaN;
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Prints what the measurement ran on, and when. @param tools programs to print the versions of */
export function printMachine(tools: readonly string[] = []): void {
  const [cpu] = cpus();
  const parts = [
    `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    `Node ${process.versions.node}`,
    ...tools.map(versionOf),
    `commit ${git('rev-parse', '--short', 'HEAD')}`,
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
  ];
  console.log(`\nMeasured on ${parts.join('; ')}.`);
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

const VERSION_COMMANDS: Readonly<Record<string, readonly string[]>> = {
  crane: ['version'],
  gcrane: ['version'],
  oras: ['version'],
  regsync: ['version', '--format', '{{.VCSTag}}'],
};

/** From the file that debian-tools.sh puts beside a program, or from the program itself. */
function versionOf(tool: string): string {
  const path = execFileSync('which', [tool], { encoding: 'utf8' }).trim();
  const file = `${path}.version`;
  const output = existsSync(file)
    ? readFileSync(file, 'utf8')
    : execFileSync(tool, VERSION_COMMANDS[tool] ?? ['--version'], { encoding: 'utf8' });
  const [version = 'of unknown version'] = /v?\d+\.\d[\w.+~-]*/.exec(output) ?? [];
  return `${tool} ${version}`;
}
