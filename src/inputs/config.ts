import * as v from 'valibot';
import { LineCounter, isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml';
import { type Namespace, formatNamespace, parseNamespace } from '../mirror/namespace.ts';
import { messageOf, printable } from '../oci/errors.ts';
import { type ConfigEntry, type ConfigSettings, ConfigFile } from './config-schema.ts';
import type { ListEntry } from './list-settings.ts';
import { InputError, listOf, show } from './reader.ts';
import { parseExact, parseReference } from './reference.ts';
import { type RawSettings, type Settings, checkNames, readSettings } from './settings.ts';

/** The config file, read and checked. */
export interface Config {
  readonly path: string;
  readonly defaults: Settings;
  /** By the result of `formatNamespace`. */
  readonly namespaces: ReadonlyMap<string, { readonly namespace: Namespace; readonly own: Settings }>;
  /** The entries of the list, in their order. */
  readonly images: readonly ListEntry[];
  /** The place of a setting, with line and column: `mirror.yml:3:5: defaults › referrers`. */
  readonly locate: (part: 'defaults' | Namespace | ListEntry, setting: keyof RawSettings) => string;
}

/** Each entry of a list of thousands may use some. */
const MOST_ALIASES = 5000;
/** The file of a thousand namespaces has some hundred thousand. */
const LONGEST_FILE_CHARACTERS = 1_000_000;

export interface ConfigOptions {
  /** For namespaces written without a host. */
  readonly registry: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Reads a config file, whose text may come from a pull request.
 *
 * @throws InputError that names the file, and the line and column of each problem
 */
export function parseConfig(text: string, path: string, options: ConfigOptions): Config {
  const file = new ConfigText(text, path);
  file.refuseLists([[], ['defaults'], ['namespaces']]);
  const { defaults, namespaces, images = [] } = checkForm(file);
  const read = (raw: ConfigSettings, at: Path): Settings =>
    readSettings(rawOf(raw), (setting, what) => file.problem([...at, setting], what), options.now);
  const config = {
    path,
    defaults: read(defaults ?? {}, ['defaults']),
    namespaces: readNamespaces(file, namespaces ?? {}, options.registry, read),
    images: images.flatMap((raw, index) => readEntry(file, raw, index, read)),
  };
  if (file.hasProblems) throw file.error();
  const locate: Config['locate'] = (part, setting) => {
    if (part === 'defaults') return file.locate([part, setting]);
    if ('image' in part) return file.locate(['images', config.images.indexOf(part), setting]);
    const name = file.keysOf('namespaces').find((key) => isSame(key, part, options.registry)) ?? '';
    return file.locate(['namespaces', name, setting]);
  };
  return { ...config, locate };
}

/** The keys that lead to a value. */
type Path = readonly (string | number)[];

/** Checks the settings at one place of the file. */
type ReadSettings = (raw: ConfigSettings, at: Path) => Settings;

/** @throws InputError with each part of the file that does not have the form of a config file */
function checkForm(file: ConfigText): v.InferOutput<typeof ConfigFile> {
  const parsed = v.safeParse(ConfigFile, withoutAnchors(file.json()));
  if (parsed.success) return parsed.output;
  for (const { path = [], message } of parsed.issues) {
    file.problem(
      path.map(({ key }) => (typeof key === 'number' ? key : String(key))),
      message,
    );
  }
  throw file.error();
}

/** The file without the keys that only hold anchors: `x-common: &common …`. */
function withoutAnchors(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  return Object.fromEntries(Object.entries(json).filter(([key]) => !key.startsWith('x-')));
}

function readNamespaces(
  file: ConfigText,
  namespaces: Readonly<Record<string, ConfigSettings | null>>,
  registry: string,
  read: ReadSettings,
): Config['namespaces'] {
  for (const name of file.keysOf('namespaces')) {
    // valibot drops keys that every object inherits, such as "constructor".
    if (!Object.hasOwn(namespaces, name)) file.problem(['namespaces', name], 'is not a namespace');
  }
  const found = new Map<string, { namespace: Namespace; own: Settings }>();
  for (const [name, raw] of Object.entries(namespaces)) {
    const namespace = parseNamespace(name, registry);
    if (typeof namespace === 'string') {
      file.problem(['namespaces', name], namespace);
      continue;
    }
    const key = formatNamespace(namespace);
    if (found.has(key)) file.problem(['namespaces', name], `${key} is listed twice: merge the two`);
    found.set(key, { namespace, own: read(raw ?? {}, ['namespaces', name]) });
  }
  return found;
}

/** An entry of the list; none if it is wrong. */
function readEntry(file: ConfigText, raw: ConfigEntry, index: number, read: ReadSettings): ListEntry[] {
  const at = ['images', index];
  const { source, tags, name, ...settings } = raw;
  const parsed = parseReference(source);
  if (typeof parsed === 'string') {
    file.problem([...at, 'source'], parsed);
    return [];
  }
  const { namespace, image, reference } = parsed;
  if (reference && tags !== undefined)
    file.problem([...at, 'tags'], 'the source names a tag or digest already: name all of them in "tags"');
  const references = (typeof tags === 'string' ? listOf(tags) : tags)?.map((text) => {
    const exact = parseExact(text);
    if (typeof exact !== 'string') return exact;
    file.problem([...at, 'tags'], exact);
    return {};
  });
  const filters = FILTER_SETTINGS.filter((key) => settings[key] !== undefined);
  const isExact = reference !== undefined || references !== undefined || filters.length === 0;
  const [first] = filters;
  if (first && isExact) file.problem([...at, first], 'says nothing about exact tags: leave out one of both');
  const names = name === undefined || typeof name !== 'string' ? name : listOf(name);
  checkNames(names ?? [], (what) => file.problem([...at, 'name'], what));
  if (names?.length === 0) file.problem([...at, 'name'], 'is empty');
  const exact = reference ? [reference] : (references ?? [{ tag: 'latest' }]);
  return [
    {
      namespace,
      image,
      ...(isExact && { references: exact }),
      ...(names && { names }),
      own: read(settings, at),
    },
  ];
}

const FILTER_SETTINGS = ['include', 'exclude', 'semver', 'newer-than', 'latest'] as const;

function isSame(name: string, namespace: Namespace, registry: string): boolean {
  const named = parseNamespace(name, registry);
  return typeof named !== 'string' && formatNamespace(named) === formatNamespace(namespace);
}

function rawOf(settings: ConfigSettings): RawSettings {
  const list = (value: string | string[] | undefined): string[] | undefined =>
    typeof value === 'string' ? listOf(value) : value;
  return {
    ...settings,
    target: list(settings.target),
    include: list(settings.include),
    exclude: list(settings.exclude),
    platforms: list(settings.platforms),
  };
}

/** A file's text, which finds the line and column of a value. */
class ConfigText {
  readonly #path: string;
  readonly #lines = new LineCounter();
  readonly #document: ReturnType<typeof parseDocument>;
  readonly #problems: string[] = [];

  constructor(text: string, path: string) {
    this.#path = path;
    if (text.length > LONGEST_FILE_CHARACTERS)
      throw new InputError([`config: ${path} has more than ${LONGEST_FILE_CHARACTERS} characters`]);
    // Without excerpts: a link in a checkout may lead to a file that must not be shown.
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge: true });
    for (const { message, pos } of this.#document.errors) {
      const blank = /^\s*/.exec(text.slice(pos[0]))?.[0].length ?? 0;
      this.#note(pos[0] + blank, [], message);
    }
    if (this.hasProblems) throw this.error();
  }

  get hasProblems(): boolean {
    return this.#problems.length > 0;
  }

  /** valibot treats a list as a map whose keys are numbers. */
  refuseLists(paths: readonly (readonly string[])[]): void {
    for (const keys of paths) {
      const node = keys.length === 0 ? this.#document.contents : this.#document.getIn(keys, true);
      if (isSeq(node)) this.problem(keys, 'expected a map, with lines such as "gcr.io/distroless:"');
    }
    if (this.hasProblems) throw this.error();
  }

  /** The file as plain data. What aliases stand for is limited, because aliases of aliases multiply. */
  json(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown;
    } catch (error) {
      this.#note(0, [], messageOf(error));
      throw this.error();
    }
  }

  /** @param keys the path of the value; if it is absent, the position is that of the map that should contain it */
  problem(keys: readonly (string | number)[], what: string): void {
    this.#note(this.#offsetOf(keys), keys, what);
  }

  #offsetOf(keys: readonly (string | number)[]): number {
    for (let length = keys.length; length > 0; length -= 1) {
      const node = this.#document.getIn(keys.slice(0, length), true);
      if (isNode(node) && node.range) return node.range[0];
    }
    return this.#document.contents?.range?.[0] ?? 0;
  }

  /** The keys of the map at `key`. */
  keysOf(key: string): string[] {
    const node = this.#document.get(key, true);
    return isMap(node)
      ? node.items.flatMap((item) => (isScalar(item.key) ? [String(item.key.value)] : []))
      : [];
  }

  error(): InputError {
    return new InputError(this.#problems);
  }

  /** The place of the value at the path `keys`. */
  locate(keys: readonly (string | number)[]): string {
    return this.#place(this.#offsetOf(keys), keys);
  }

  #note(offset: number, keys: readonly (string | number)[], what: string): void {
    this.#problems.push(`config: ${this.#place(offset, keys)}: ${printable(what)}`);
  }

  #place(offset: number, keys: readonly (string | number)[]): string {
    const { line, col } = this.#lines.linePos(offset);
    const name = keys.map((key) => show(String(key)).slice(1, -1)).join(' › ');
    return `${this.#path}:${Math.max(1, line)}:${Math.max(1, col)}${name === '' ? '' : `: ${name}`}`;
  }
}
