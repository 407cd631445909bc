import {
  LineCounter,
  type Node,
  type Pair,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
} from 'yaml';
import { messageOf, printable } from '../oci/errors.ts';
import { InputError, show } from './reader.ts';

/** The file of a thousand namespaces has some hundred thousand. */
const LONGEST_FILE_CHARACTERS = 1_000_000;
/** The values of a file after its aliases are replaced by what they stand for: aliases of aliases multiply. */
const MOST_VALUES = 500_000;
const DEEPEST = 20;
const MOST_PROBLEMS = 50;

type Keys = readonly (string | number)[];

/** What an anchor names; without a value while it is still being read. */
interface Anchored {
  readonly node: Node;
  value?: { readonly plain: unknown; readonly size: number };
}

/** A YAML file's plain data, which finds the line and column of a value. The text is untrusted. */
export class YamlFile {
  readonly #path: string;
  readonly #textKeys: ReadonlySet<string>;
  readonly #lines = new LineCounter();
  readonly #contents: unknown;
  readonly #problems = new Set<string>();
  #moreProblems = 0;
  readonly #anchors = new Map<string, Anchored>();
  readonly #aliases = new Map<unknown, Node>();
  #size = 0;

  /**
   * @param textKeys keys whose values are text as it is written: `1.10` stays `1.10`
   * @throws InputError when the text is not YAML
   */
  constructor(text: string, path: string, textKeys: readonly string[] = []) {
    this.#path = path;
    this.#textKeys = new Set(textKeys);
    if (text.length > LONGEST_FILE_CHARACTERS)
      throw new InputError([`config: ${path} has more than ${LONGEST_FILE_CHARACTERS} characters`]);
    // Without excerpts: a link in a checkout may lead to a file that must not be shown.
    const document = this.#parse(text);
    for (const { message, pos } of document.errors) {
      const blank = /^\s*/.exec(text.slice(pos[0]))?.[0].length ?? 0;
      this.#note(pos[0] + blank, [], message);
    }
    if (this.hasProblems) throw this.error();
    this.#contents = document.contents;
  }

  get hasProblems(): boolean {
    return this.#problems.size > 0;
  }

  /** All problems so far. */
  error(): InputError {
    const more =
      this.#moreProblems > 0 ? [`config: ${this.#path} has ${this.#moreProblems} more mistakes`] : [];
    return new InputError([...this.#problems, ...more]);
  }

  /** valibot treats a list as a map whose keys are numbers. */
  refuseLists(paths: readonly Keys[]): void {
    for (const keys of paths) {
      if (isSeq(this.#find(keys)))
        this.problem(keys, 'expected a map, with lines such as "gcr.io/distroless:"');
    }
    if (this.hasProblems) throw this.error();
  }

  /**
   * The file as plain data, with its aliases and merge keys replaced. To be called before a value below an alias is located.
   *
   * @throws InputError when aliases multiply or name nothing
   */
  plain(): unknown {
    return this.#plain(this.#contents, false, 0);
  }

  /** The keys of the map at `key`. */
  keysOf(key: string): string[] {
    const node = this.#find([key]);
    return isMap(node)
      ? node.items.flatMap(({ key: one }) => (isScalar(one) ? [String(one.value)] : []))
      : [];
  }

  /** @param keys the path of the value; if it is absent, the position is that of the map that should contain it */
  problem(keys: Keys, what: string): void {
    this.#note(this.#offsetOf(keys), keys, what);
  }

  /** The place of the value at the path `keys`. */
  locate(keys: Keys): string {
    return this.#place(this.#offsetOf(keys), keys);
  }

  #parse(text: string): ReturnType<typeof parseDocument> {
    try {
      return parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    } catch (error) {
      throw new InputError([`config: ${this.#path} can't be read: ${printable(messageOf(error))}`]);
    }
  }

  #plain(node: unknown, asText: boolean, depth: number): unknown {
    this.#count(1, node);
    if (depth > DEEPEST) throw this.#fail(node, `is nested more than ${DEEPEST} levels deep`);
    if (isAlias(node)) return this.#resolve(node, node.source);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor === undefined || !isNode(node)) return this.#valueOf(node, asText, depth);
    const anchored: Anchored = { node };
    this.#anchors.set(anchor, anchored);
    const before = this.#size;
    const plain = this.#valueOf(node, asText, depth);
    anchored.value = { plain, size: this.#size - before };
    return plain;
  }

  #valueOf(node: unknown, asText: boolean, depth: number): unknown {
    if (isMap(node)) return this.#map(node.items, depth);
    if (isSeq(node)) return node.items.map((item) => this.#plain(item, asText, depth + 1));
    if (!isScalar(node)) return null;
    return asText && typeof node.value !== 'string' && node.value !== null && node.source !== undefined
      ? node.source
      : node.value;
  }

  #map(items: readonly Pair[], depth: number): Record<string, unknown> {
    const own = new Map<string, unknown>();
    const merged = new Map<string, unknown>();
    for (const { key, value } of items) {
      if (!isScalar(key)) throw this.#fail(key, 'is not a text, and can be no key');
      const name = String(key.value);
      const plain = this.#plain(value, this.#textKeys.has(name), depth + 1);
      if (!isMergeKey(key)) own.set(name, plain);
      else
        for (const part of Array.isArray(plain) ? plain : [plain]) {
          if (typeof part !== 'object' || part === null || Array.isArray(part))
            throw this.#fail(value, 'is not a map: "<<" merges maps');
          this.#count(Object.keys(part).length, value);
          for (const [one, merge] of Object.entries(part)) if (!merged.has(one)) merged.set(one, merge);
        }
    }
    return Object.fromEntries([...merged, ...own]);
  }

  #resolve(alias: Node, name: string): unknown {
    const anchored = this.#anchors.get(name);
    if (!anchored) throw this.#fail(alias, `there is no anchor &${name} before the alias *${name}`);
    if (!anchored.value) throw this.#fail(alias, `the alias *${name} is inside its own anchor`);
    this.#aliases.set(alias, anchored.node);
    this.#count(anchored.value.size, alias);
    return anchored.value.plain;
  }

  #count(size: number, node: unknown): void {
    this.#size += size;
    if (this.#size > MOST_VALUES)
      throw this.#fail(
        node,
        `has more than ${MOST_VALUES} values, with each alias replaced by what it stands for`,
      );
  }

  #fail(node: unknown, what: string): InputError {
    this.#note(isNode(node) ? (node.range?.[0] ?? 0) : 0, [], what);
    return this.error();
  }

  /** The node at the path `keys`, behind aliases and merge keys. */
  #find(keys: Keys): unknown {
    let node = this.#behind(this.#contents);
    for (const key of keys) node = this.#behind(this.#child(node, key));
    return node;
  }

  #child(node: unknown, key: string | number): unknown {
    if (isSeq(node)) return node.items[Number(key)];
    if (!isMap(node)) return undefined;
    const own = node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
    if (own) return own.value;
    for (const { key: name, value } of node.items) {
      if (!isMergeKey(name)) continue;
      const merged = this.#behind(value);
      for (const part of isSeq(merged) ? merged.items : [merged]) {
        const found = this.#child(this.#behind(part), key);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #behind(node: unknown): unknown {
    return this.#aliases.get(node) ?? node;
  }

  #offsetOf(keys: Keys): number {
    for (let length = keys.length; length >= 0; length -= 1) {
      const node = this.#find(keys.slice(0, length));
      if (isNode(node) && node.range) return node.range[0];
    }
    return 0;
  }

  #note(offset: number, keys: Keys, what: string): void {
    const problem = `config: ${this.#place(offset, keys)}: ${printable(what)}`;
    if (this.#problems.has(problem)) return;
    if (this.#problems.size < MOST_PROBLEMS) this.#problems.add(problem);
    else this.#moreProblems += 1;
  }

  #place(offset: number, keys: Keys): string {
    const { line, col } = this.#lines.linePos(offset);
    const name = keys.map((key) => show(String(key)).slice(1, -1)).join(' › ');
    return `${this.#path}:${Math.max(1, line)}:${Math.max(1, col)}${name === '' ? '' : `: ${name}`}`;
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}
