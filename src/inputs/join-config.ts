import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import type { FirstStage } from './base-inputs.ts';
import type { Config } from './config.ts';
import type { Inputs } from './inputs.ts';
import { checkRecordPaths } from './metadata-inputs.ts';
import { type InputReader, show } from './reader.ts';
import { REFERRERS_NEED_DIGESTS, TARGET_EXAMPLE, resolveSettings } from './settings.ts';

/**
 * The second stage: joins the inputs with the config file, if there is one, and checks what depends on both. Problems
 * are left to `reader.finish`.
 */
export function joinConfig(reader: InputReader, first: FirstStage, config?: Config): Inputs {
  const { base } = first;
  const namespaces = resolveNamespaces(reader, first, config);
  checkTargets(reader, namespaces);
  if (base.engine === 'docker' && config) refuseReferrers(reader, first, config, namespaces);
  checkRecordPaths(
    reader,
    base.metadata,
    namespaces.map(({ namespace }) => namespace),
  );
  const targetLogin = base.credentials.target && findTargetLogin(reader, first, config, namespaces);
  return { ...base, namespaces, targetLogin };
}

/** The namespaces of the input or else of the config file, each with its settings. */
function resolveNamespaces(
  reader: InputReader,
  { base, named, settings: given }: FirstStage,
  config: Config | undefined,
): NamespaceSettings[] {
  // The reports name what was mirrored.
  if (base.mode === 'record') return [];
  if (!config) {
    if (reader.list('namespaces').length === 0)
      reader.problem('namespaces', 'is required: name at least one, such as gcr.io/distroless');
    if (!given.target) reader.required('target', TARGET_EXAMPLE);
  }
  const all = named.length > 0 ? named : namespacesOf(config);
  if (config && all.length === 0)
    reader.problem('config', `${config.path} names no namespaces, and neither does the input "namespaces"`);
  return all.flatMap((namespace) => {
    const name = formatNamespace(namespace);
    const own = config?.namespaces.get(name)?.own ?? {};
    const settings = resolveSettings(namespace, own, given, config?.defaults ?? {});
    if (settings) return [settings];
    if (config) reader.problem('config', `${config.path} names no target for ${name}: add ${TARGET_EXAMPLE}`);
    return [];
  });
}

function namespacesOf(config: Config | undefined): Namespace[] {
  return Array.from(config?.namespaces.values() ?? [], ({ namespace }) => namespace);
}

function checkTargets(reader: InputReader, settings: readonly NamespaceSettings[]): void {
  const targets = new Map(settings.map(({ target }) => [formatNamespace(target), target]));
  for (const [text, target] of targets) {
    for (const { namespace: source } of settings) {
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
  const places = namespaces.flatMap(({ namespace, referrers }) => {
    const own = config.namespaces.get(formatNamespace(namespace))?.own.referrers;
    if (!referrers || (own === undefined && given.referrers === true)) return [];
    return [config.locate(own === undefined ? 'defaults' : namespace, 'referrers')];
  });
  for (const place of new Set(places)) reader.problem('config', `${place}: ${REFERRERS_NEED_DIGESTS}`);
}

/** The registry of the input `target`, or else of the config file's default, or else of all namespaces. */
function findTargetLogin(
  reader: InputReader,
  { settings: given }: FirstStage,
  config: Config | undefined,
  namespaces: readonly NamespaceSettings[],
): string | undefined {
  const named = given.target ?? config?.defaults.target;
  if (named) return named.registry;
  const [registry, other] = new Set(namespaces.map(({ target }) => target.registry));
  if (other === undefined) return registry;
  reader.problem(
    'username',
    `may be for ${registry} or ${other}: name one of them in "target", and the others in "registry-auth", or log in ` +
      'to them with docker/login-action',
  );
  return undefined;
}
