import * as v from 'valibot';
import { type Namespace, formatNamespace, parseNamespace } from '../mirror/namespace.ts';
import { type ListedImage, readImages } from './config-images.ts';
import type { ConfigPart, ReadPart } from './config-part.ts';
import { type ConfigSettings, ConfigFile } from './config-schema.ts';
import { listOf } from './reader.ts';
import { type RawSettings, readSettings } from './settings.ts';
import { YamlFile } from './yaml-file.ts';

/** The config file, read and checked. */
export interface Config {
  readonly path: string;
  readonly defaults: ConfigPart;
  /** By the result of `formatNamespace`. */
  readonly namespaces: ReadonlyMap<string, ConfigPart & { readonly namespace: Namespace }>;
  readonly images: readonly (ConfigPart & ListedImage)[];
}

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
  const file = new YamlFile(text, path, ['tags']);
  const { defaults, namespaces, images } = checkForm(file);
  const read: ReadPart = (raw, at) => ({
    own: readSettings(rawOf(raw), (setting, what) => file.problem([...at, setting], what), options.now),
    locate: (setting) => file.locate([...at, setting]),
  });
  const config = {
    path,
    defaults: read(defaults ?? {}, ['defaults']),
    namespaces: readNamespaces(file, namespaces ?? {}, options.registry, read),
    images: readImages(file, images ?? [], read),
  };
  if (file.hasProblems) throw file.error();
  return config;
}

/** @throws InputError with each part of the file that does not have the form of a config file */
function checkForm(file: YamlFile): v.InferOutput<typeof ConfigFile> {
  const plain = withoutExtensions(file.plain());
  file.refuseLists([[], ['defaults'], ['namespaces']]);
  const parsed = v.safeParse(ConfigFile, plain);
  if (parsed.success) return parsed.output;
  for (const { path = [], message } of parsed.issues) {
    file.problem(
      path.map(({ key }) => (typeof key === 'number' ? key : String(key))),
      message,
    );
  }
  throw file.error();
}

/** Without the keys that start with `x-`: they are for anchors. */
function withoutExtensions(file: unknown): unknown {
  if (typeof file !== 'object' || file === null || Array.isArray(file)) return file;
  return Object.fromEntries(Object.entries(file).filter(([key]) => !key.startsWith('x-')));
}

function readNamespaces(
  file: YamlFile,
  namespaces: Readonly<Record<string, ConfigSettings | null>>,
  registry: string,
  read: ReadPart,
): Config['namespaces'] {
  for (const name of file.keysOf('namespaces')) {
    // valibot drops keys that every object inherits, such as "constructor".
    if (name !== '<<' && !Object.hasOwn(namespaces, name))
      file.problem(['namespaces', name], 'is not a namespace');
  }
  const found = new Map<string, ConfigPart & { namespace: Namespace }>();
  for (const [name, raw] of Object.entries(namespaces)) {
    const namespace = parseNamespace(name, registry);
    if (typeof namespace === 'string') {
      file.problem(['namespaces', name], namespace);
      continue;
    }
    const key = formatNamespace(namespace);
    if (found.has(key)) file.problem(['namespaces', name], `${key} is listed twice: merge the two`);
    found.set(key, { namespace, ...read(raw ?? {}, ['namespaces', name]) });
  }
  return found;
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
