import { type Namespace, formatNamespace, repositoryIn } from '../mirror/namespace.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import { targetRepository } from '../mirror/target-names.ts';
import type { FirstStage } from './base-inputs.ts';
import type { Config } from './config.ts';
import type { ConfigPart } from './config-part.ts';
import type { ListedImage } from './config-images.ts';
import { withoutDuplicates } from './image-list.ts';
import type { Inputs } from './inputs.ts';
import { checkListConflicts } from './list-conflicts.ts';
import { checkRecordPaths, effectiveManifestPath } from './metadata-inputs.ts';
import { type InputReader, show } from './reader.ts';
import { type CommonSettings, applyEntries, mergeLists, resolveImage } from './resolve-lists.ts';
import { REFERRERS_NEED_DIGESTS, TARGET_EXAMPLE, resolveSettings } from './settings.ts';

/** A namespace or an image to mirror. What only an input names has no place in the config file. */
type Part<T> = T & Pick<ConfigPart, 'own'> & Partial<Pick<ConfigPart, 'locate'>>;

/** What a run mirrors. */
interface Sources {
  readonly namespaces: readonly Part<{ readonly namespace: Namespace }>[];
  readonly images: readonly Part<ListedImage>[];
}

/**
 * The second stage: joins the inputs with the config file, if there is one, and checks what depends on both. Problems
 * are left to `reader.finish`.
 */
export function joinConfig(reader: InputReader, first: FirstStage, config?: Config): Inputs {
  const { base } = first;
  const common = { given: first.settings, defaults: config?.defaults.own ?? {} };
  const sources = selectSources(reader, first, config, common);
  checkHaveTargets(reader, sources, config, common);
  const namespaces = resolveAll(sources, common);
  checkTargets(reader, namespaces);
  checkListConflicts(reader, namespaces);
  if (base.engine === 'docker' && config) refuseReferrers(reader, sources, config, common);
  const all = [...namespaces, ...(config ? resolveAll(sourcesOf(config), common) : [])];
  const manifestPath = effectiveManifestPath(
    base.metadata.manifestPath,
    all.map(({ target }) => target),
  );
  const metadata = { ...base.metadata, manifestPath };
  checkRecordPaths(reader, metadata, namespaces);
  const targetLogin = base.credentials.target && findTargetLogin(reader, first, config, namespaces);
  const targets = (first.settings.targets ?? []).map(formatNamespace);
  return { ...base, metadata, namespaces, targetLogin, targets };
}

function resolveAll({ namespaces, images }: Sources, common: CommonSettings): NamespaceSettings[] {
  const whole = namespaces.flatMap(({ namespace, own }) =>
    resolveSettings(namespace, own, common.given, common.defaults),
  );
  return mergeLists(whole, images, common);
}

function sourcesOf({ namespaces, images }: Config): Sources {
  return { namespaces: Array.from(namespaces.values()), images };
}

/** The namespaces and images of the inputs, or else of the config file. */
function selectSources(
  reader: InputReader,
  { base, named, listed, imagesPath, request }: FirstStage,
  config: Config | undefined,
  common: CommonSettings,
): Sources {
  // The reports name what was mirrored.
  if (base.mode === 'record') return { namespaces: [], images: [] };
  const isNamed =
    request !== undefined || ['namespaces', 'images'].some((name) => reader.list(name).length > 0);
  if (!isNamed && imagesPath === undefined) {
    if (!config) {
      const example = 'name at least one, such as gcr.io/distroless, or single images in "images"';
      reader.problem('namespaces', `is required: ${example}`);
    } else if (config.namespaces.size === 0 && config.images.length === 0) {
      reader.problem(
        'config',
        `${config.path} names no namespaces and no images, and neither do the inputs "namespaces", "images" and "images-file"`,
      );
    }
    return config ? sourcesOf(config) : { namespaces: [], images: [] };
  }
  if (!isNamed && listed.length === 0) reader.problem('images-file', `${imagesPath} names no image`);
  const namespaces = named.map(
    (namespace) => config?.namespaces.get(formatNamespace(namespace)) ?? { namespace, own: {} },
  );
  const list = withoutDuplicates(listed, (place, what) =>
    reader.problem(place.startsWith('line ') ? 'images' : 'images-file', `${place}: ${what}`),
  );
  return { namespaces, images: applyEntries(list, config?.images ?? [], common) };
}

function checkHaveTargets(
  reader: InputReader,
  { namespaces, images }: Sources,
  config: Config | undefined,
  common: CommonSettings,
): void {
  if (!config) {
    // Whatever is wrong with an input that is set was reported.
    if (namespaces.length > 0 || images.length > 0 || reader.text('mode') !== 'record')
      if (!common.given.targets) reader.required('target', TARGET_EXAMPLE);
    return;
  }
  const without = [
    ...namespaces
      .filter(({ own }) => !(own.targets ?? common.given.targets ?? common.defaults.targets))
      .map(({ namespace }) => formatNamespace(namespace)),
    ...images
      .filter((one) => resolveImage(one, common).targets.length === 0)
      .map(({ namespace, image }) => `${formatNamespace(namespace)}/${image}`),
  ];
  for (const name of new Set(without))
    reader.problem('config', `${config.path} names no target for ${name}: add ${TARGET_EXAMPLE}`);
}

function checkTargets(reader: InputReader, settings: readonly NamespaceSettings[]): void {
  const targets = new Map(settings.map(({ target }) => [formatNamespace(target), target]));
  const whole = settings.filter(({ isListOnly }) => !isListOnly).map(({ namespace }) => namespace);
  const sources = new Map(whole.map((namespace) => [formatNamespace(namespace), namespace]));
  for (const [text, target] of targets) {
    for (const [name, source] of sources) {
      const within = source.path === '' || `${target.path}/`.startsWith(`${source.path}/`);
      if (source.registry !== target.registry || !within) continue;
      reader.problem(
        'target',
        `${show(text)} is inside the source ${name}, which would be a mirror of itself: use another namespace`,
      );
    }
  }
  for (const one of settings) checkListedTargets(reader, one);
}

/** An image of a list may be in the same namespace as its target, under another name. */
function checkListedTargets(reader: InputReader, { namespace, target, list }: NamespaceSettings): void {
  if (namespace.registry !== target.registry) return;
  for (const { image, names } of list ?? []) {
    const source = repositoryIn(namespace, image);
    if (!names.some((name) => targetRepository(name, target, namespace, image) === source)) continue;
    reader.problem(
      'target',
      `${show(formatNamespace(target))} would get ${namespace.registry}/${source} under its own name, as a mirror of itself: use another target or name`,
    );
  }
}

/** Refuses the referrers that the config file asks for; those of the input are refused by the first stage. */
function refuseReferrers(
  reader: InputReader,
  { namespaces, images }: Sources,
  { defaults }: Config,
  { given }: CommonSettings,
): void {
  const places = [...namespaces, ...images].flatMap(({ own, locate }) => {
    const wanted = own.referrers ?? given.referrers ?? defaults.own.referrers ?? false;
    if (!wanted || (own.referrers === undefined && given.referrers === true)) return [];
    return [(own.referrers === undefined ? defaults.locate : (locate ?? defaults.locate))('referrers')];
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
  const all = namespaces.map(({ target }) => target);
  const named = given.targets ?? config?.defaults.own.targets ?? all;
  const [registry, other] = new Set(named.map((target) => target.registry));
  if (other === undefined) return registry;
  reader.problem(
    'username',
    `may be for ${registry} or ${other}: it is the account of one registry. Name the accounts of several registries in ` +
      '"registry-auth", or log in to them with docker/login-action; or name one registry in "target"',
  );
  return undefined;
}
