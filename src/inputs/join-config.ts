import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import { DEFAULT_PATHS } from '../mirror/record-path.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import type { FirstStage } from './base-inputs.ts';
import type { Config } from './config.ts';
import type { ListLine } from './image-list.ts';
import type { Inputs } from './inputs.ts';
import { joinLists } from './join-lists.ts';
import { type ListEntry, resolveEntry, resolveLine } from './list-settings.ts';
import { checkRecordPaths } from './metadata-inputs.ts';
import { type InputReader, show } from './reader.ts';
import { REFERRERS_NEED_DIGESTS, type Settings, TARGET_EXAMPLE, resolveSettings } from './settings.ts';

/** The files that the inputs name, read and checked. */
export interface InputFiles {
  readonly config?: Config;
  /** The lines of `images-file`. */
  readonly lines?: readonly ListLine[];
}

/**
 * The second stage: joins the inputs with the files, if there are any, and checks what depends on both. Problems
 * are left to `reader.finish`.
 */
export function joinConfig(reader: InputReader, first: FirstStage, files: InputFiles = {}): Inputs {
  const { base } = first;
  const { config } = files;
  // In mode `record`, the reports name what was mirrored.
  const namespaces = base.mode === 'record' ? [] : resolveSources(reader, first, files);
  checkTargets(reader, namespaces);
  if (base.engine === 'docker' && config) refuseReferrers(reader, first, config, namespaces);
  const metadata = { ...base.metadata, manifestPath: manifestPathOf(first, config) };
  checkRecordPaths(reader, metadata, namespaces);
  const targetLogin = base.credentials.target && findTargetLogin(reader, first, config, namespaces);
  const targets = (first.settings.targets ?? []).map(formatNamespace);
  return { ...base, metadata, namespaces, targetLogin, targets };
}

/** What is mirrored, by the inputs or else by the config file, each with its settings for each target. */
function resolveSources(
  reader: InputReader,
  first: FirstStage,
  { config, lines = [] }: InputFiles,
): NamespaceSettings[] {
  const { named, settings: inputs } = first;
  const given = [...first.lines, ...lines];
  const isGiven = named.length > 0 || given.length > 0 || first.hasLists;
  const namespaces = isGiven ? named : namespacesOf(config);
  const entries = config?.images ?? [];
  checkSources(reader, first, config, namespaces.length + given.length + (isGiven ? 0 : entries.length));
  const defaults = { inputs, defaults: config?.defaults ?? {} };
  const wholes = namespaces.flatMap((namespace) => {
    const own = config?.namespaces.get(formatNamespace(namespace))?.own ?? {};
    const settings = resolveSettings(namespace, own, inputs, defaults.defaults);
    return withTarget(settings, reader, config, formatNamespace(namespace));
  });
  const listed = isGiven
    ? given.flatMap((line) => withTarget(resolveLine(line, entries, defaults), reader, config, nameOf(line)))
    : entries.flatMap((entry) => withTarget(resolveEntry(entry, defaults), reader, config, nameOf(entry)));
  return joinLists(reader, wholes, listed, ({ namespace, target }) => {
    const [settings] = resolveSettings(namespace, { targets: [target] }, inputs, defaults.defaults);
    return settings;
  });
}

const nameOf = ({ namespace, image }: Pick<ListEntry, 'namespace' | 'image'>): string =>
  `${formatNamespace(namespace)}/${image}`;

function checkSources(
  reader: InputReader,
  { settings, hasLists }: FirstStage,
  config: Config | undefined,
  count: number,
): void {
  if (!config && !settings.targets && reader.text('target') === '') reader.required('target', TARGET_EXAMPLE);
  if (count > 0 || hasLists) return;
  if (config) {
    reader.problem(
      'config',
      `${config.path} names no namespaces and no images, and neither do the inputs "namespaces", "images" and "images-file"`,
    );
  } else if (reader.list('namespaces').length === 0) {
    reader.problem(
      'namespaces',
      'is required: name at least one, such as gcr.io/distroless, or single images in "images" or "images-file"',
    );
  }
}

/** `settings` itself. Reports sources without a target that only a config file could give one. */
function withTarget<T>(settings: T[], reader: InputReader, config: Config | undefined, name: string): T[] {
  if (settings.length === 0 && config)
    reader.problem('config', `${config.path} names no target for ${name}: add ${TARGET_EXAMPLE}`);
  return settings;
}

function namespacesOf(config: Config | undefined): Namespace[] {
  return Array.from(config?.namespaces.values() ?? [], ({ namespace }) => namespace);
}

/**
 * The template of the paths of manifests. Whether there are several targets is a matter of everything that the inputs and the
 * file name: a job that mirrors a part of it records in the same files.
 */
function manifestPathOf({ base, settings }: FirstStage, config: Config | undefined): string {
  const { manifestPath } = base.metadata;
  if (manifestPath !== DEFAULT_PATHS.single) return manifestPath;
  const places: readonly Settings[] = [
    settings,
    config?.defaults ?? {},
    ...Array.from(config?.namespaces.values() ?? [], ({ own }) => own),
    ...(config?.images ?? []).map(({ own }) => own),
  ];
  const targets = new Set(places.flatMap((place) => (place.targets ?? []).map(formatNamespace)));
  return targets.size > 1 ? DEFAULT_PATHS.several : manifestPath;
}

function checkTargets(reader: InputReader, settings: readonly NamespaceSettings[]): void {
  const targets = new Map(settings.map(({ target }) => [formatNamespace(target), target]));
  const sources = new Map(settings.map((one) => [formatNamespace(one.namespace), one]));
  for (const [text, target] of targets) {
    for (const { namespace: source, isListOnly } of sources.values()) {
      // A list names exact images: pushing beside them makes no loop.
      if (isListOnly) continue;
      const within = source.path === '' || `${target.path}/`.startsWith(`${source.path}/`);
      if (source.registry !== target.registry || !within) continue;
      reader.problem(
        'target',
        `${show(text)} is inside the source ${formatNamespace(source)}, which would be a mirror of itself: use another namespace`,
      );
    }
  }
}

/** Refuses the referrers that the config file asks for; those of the input are refused by the first stage. */
function refuseReferrers(
  reader: InputReader,
  { settings: given }: FirstStage,
  config: Config,
  namespaces: readonly NamespaceSettings[],
): void {
  const wanted = namespaces.filter(({ referrers, isListOnly }) => referrers && !isListOnly);
  const places = wanted.flatMap(({ namespace }) => {
    const own = config.namespaces.get(formatNamespace(namespace))?.own.referrers;
    if (own === undefined && given.referrers === true) return [];
    return [config.locate(own === undefined ? 'defaults' : namespace, 'referrers')];
  });
  const entries = config.images.filter(({ own }) => own.referrers === true);
  const listed = namespaces.some(({ list = [] }) => list.some(({ referrers }) => referrers));
  const isDefault = listed && entries.length === 0 && config.defaults.referrers === true;
  const all = [
    ...places,
    ...(listed ? entries.map((entry) => config.locate(entry, 'referrers')) : []),
    ...(isDefault && given.referrers !== true ? [config.locate('defaults', 'referrers')] : []),
  ];
  for (const place of new Set(all)) reader.problem('config', `${place}: ${REFERRERS_NEED_DIGESTS}`);
}

/** The registry of the input `target`, or else of the config file's default, or else of all namespaces. */
function findTargetLogin(
  reader: InputReader,
  { settings: given }: FirstStage,
  config: Config | undefined,
  namespaces: readonly NamespaceSettings[],
): string | undefined {
  const named = given.targets ?? config?.defaults.targets ?? namespaces.map(({ target }) => target);
  const registries = Array.from(new Set(named.map(({ registry }) => registry)));
  const [registry, other] = registries;
  if (other === undefined) return registry;
  reader.problem(
    'username',
    `may be for ${registries.slice(0, 3).join(' or ')}: name the accounts of several targets in "registry-auth", or log in ` +
      'to them with docker/login-action',
  );
  return undefined;
}
