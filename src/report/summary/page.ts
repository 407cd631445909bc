import { plural } from '../../mirror/format.ts';

/** Bytes kept free for the line that counts the omitted lines. */
const RESERVE_BYTES = 200;
const END_OF_DETAILS = '\n</details>\n';

/** A page of Markdown up to a limit in bytes. From the first block that does not fit, all are omitted and their lines counted. */
export class Page {
  readonly #blocks: string[] = [];
  #free: number;
  #omittedLines = 0;

  constructor(maxBytes: number) {
    this.#free = maxBytes - RESERVE_BYTES;
  }

  /** Adds a block: text that is kept or omitted as a whole. */
  add(block: string): void {
    const bytes = Buffer.byteLength(block) + 1;
    if (this.#omittedLines > 0 || bytes > this.#free) {
      this.#omittedLines += block.trimEnd().split('\n').length;
      return;
    }
    this.#free -= bytes;
    this.#blocks.push(block);
  }

  /** A table row by row, with an empty line after it. */
  addTable(head: readonly Column[], rows: readonly (readonly string[])[]): void {
    if (rows.length === 0) return;
    this.add(
      `| ${head.map(({ title }) => title).join(' | ')} |\n|${head.map(({ align }) => ` ${RULES[align ?? 'left']} |`).join('')}`,
    );
    for (const row of rows) this.add(`| ${row.join(' | ')} |`);
    this.add('');
  }

  /** What `content` adds, folded under `summary`, which is HTML. It is closed even if the content does not fit. */
  addDetails(summary: string, content: () => void): void {
    const before = this.#blocks.length;
    this.#free -= END_OF_DETAILS.length + 1;
    this.add(`<details><summary>${summary}</summary>\n`);
    if (this.#blocks.length === before) return;
    content();
    this.#blocks.push(END_OF_DETAILS);
  }

  text(): string {
    const omitted =
      this.#omittedLines > 0
        ? `\n_${plural(this.#omittedLines, 'more line')} did not fit: see the JSON report._\n`
        : '';
    return `${this.#blocks.join('\n').trimEnd()}\n${omitted}`;
  }
}

export interface Column {
  readonly title: string;
  readonly align?: keyof typeof RULES;
}

const RULES = { left: '---', right: '---:' } as const;
