import { type Mode, MODES } from '../mirror/mode.ts';
import { type Namespace, formatNamespace, parseNamespace } from '../mirror/namespace.ts';
import type { PullRequest } from '../mirror/pull-request.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import { type Shard, MAX_SHARDS } from '../mirror/shard.ts';
import type { Credential } from '../oci/auth/credentials.ts';
import { canonicalHost, isRegistryHost } from '../oci/names.ts';
import type { Config } from './config.ts';
import type { InputSource } from './input-source.ts';
import { type MetadataInputs, readMetadata } from './metadata-inputs.ts';
import { readPullRequest } from './pull-request.ts';
import { InputReader, show } from './reader.ts';
import type * as RegistryAuth from './registry-auth.ts';
import {
  type RawSettings,
  type Settings,
  DEFAULTS,
  TARGET_EXAMPLE,
  readSettings,
  resolveSettings,
} from './settings.ts';

/** action.yml's inputs, parsed and checked. Times are milliseconds. */
export interface Inputs {
  /** What is mirrored, and how. */
  readonly namespaces: readonly NamespaceSettings[];
  readonly credentials: {
    readonly source: Credential | undefined;
    /** Of the registry `targetLogin`. */
    readonly target: Credential | undefined;
  };
  /** The registry that `username` and `password` are for. */
  readonly targetLogin: string | undefined;
  /** Accounts by registry, for sources and targets alike, where `credentials` has none. */
  readonly registryAuth: ReadonlyMap<string, Credential>;
  readonly mode: Mode;
  readonly dryRun: boolean;
  readonly engine: 'docker' | 'registry';
  /** What the inputs include and exclude, whatever the config file says: a plan narrows it further. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Days in which each tag that looks as if it never moved is asked for again. */
  readonly recheck: number;
  readonly metadata: MetadataInputs;
  /** This job's part of the images. */
  readonly shard: Shard;
  /** Most entries of a plan's matrix. */
  readonly maxShards: number;
  readonly concurrency: number;
  readonly queryConcurrency: number;
  readonly httpTimeout: number;
  readonly retries: number;
  readonly proxy: { readonly http?: string; readonly https?: string; readonly none?: string };
  readonly insecureRegistries: ReadonlySet<string>;
  /** Where a dry run keeps its comment; absent when it shall keep none. */
  readonly comment?: PullRequest;
  /** No further image starts after this. */
  readonly timeLimit: number;
  /** Progress is recorded as often. */
  readonly checkpoint: number;
  readonly failOnError: boolean;
  /** Whether what is known of the target's blobs is kept between runs. */
  readonly cache: boolean;
  readonly monitor: { readonly count: number; readonly interval: number };
}

/** Reads the input `registry-auth`. */
export type AccountReader = Pick<typeof RegistryAuth, 'maskRegistryAuth' | 'readRegistryAuth'>;

/**
 * Reads and checks all inputs, without any network.
 *
 * @param config the input `config`'s file; `unread` when it is still to be read, and so what is missing may be there
 * @param accounts reads the input `registry-auth`; left out where there is none
 * @throws InputError with all problems at once
 */
export function parseInputs(
  source: InputSource,
  config?: Config | 'unread',
  accounts?: AccountReader,
): Inputs {
  for (const name of ['password', 'source-password', 'github-token']) {
    const secret = source.get(name);
    if (secret !== '') source.mask(secret);
  }
  accounts?.maskRegistryAuth(source.get('registry-auth'), source.mask);
  const reader = new InputReader(source.get);
  const given = readGiven(reader, source.now);
  const namespaces = readNamespaces(reader, given, config);
  const mode = reader.choice('mode', MODES);
  const dryRun = readDryRun(reader, source.eventName);
  const engine = reader.choice('engine', ['docker', 'registry']);
  if (engine === 'docker') refuseReferrers(reader, given, config, namespaces);
  const target = readCredential(reader, 'username', 'password', dryRun);
  const inputs: Inputs = {
    namespaces,
    credentials: {
      source: readCredential(reader, 'source-username', 'source-password', dryRun),
      target,
    },
    targetLogin: target && readTargetLogin(reader, given, config, namespaces),
    registryAuth: accounts?.readRegistryAuth(reader, dryRun) ?? new Map<string, Credential>(),
    mode,
    dryRun,
    engine,
    include: given.include ?? [],
    exclude: given.exclude ?? [],
    recheck: reader.integer('recheck', 1, 365),
    metadata: readMetadata(
      reader,
      namespaces.map(({ namespace }) => namespace),
    ),
    shard: readShard(reader),
    maxShards: reader.integer('max-shards', 1, MOST_JOBS),
    concurrency: reader.integer('concurrency', 1, 256),
    // A stream from a registry to itself takes two requests at a time.
    queryConcurrency: reader.integer('query-concurrency', 2, 1000),
    httpTimeout: reader.duration('http-timeout'),
    retries: reader.integer('retries', 0, 20),
    proxy: readProxy(reader, source),
    insecureRegistries: readHosts(reader, 'insecure-registries'),
    ...(reader.boolean('comment') && dryRun && readPullRequest(source)),
    timeLimit: reader.duration('time-limit'),
    checkpoint: reader.duration('checkpoint'),
    failOnError: reader.boolean('fail-on-error'),
    cache: reader.boolean('cache'),
    monitor: {
      count: reader.integer('monitor-count', 1, 1_000_000),
      interval: reader.duration('monitor-interval'),
    },
  };
  reader.finish();
  return inputs;
}

/** The host of namespaces that are written without one. */
export function defaultRegistry(get: InputSource['get']): string {
  return canonicalHost(get('registry'));
}

/** What the inputs say of how to mirror. One that is the default says nothing: the config file may. */
function readGiven(reader: InputReader, now: number): Settings {
  const latest = reader.optional('latest');
  const list = (name: string): string[] | undefined =>
    reader.optional(name) === undefined ? undefined : reader.list(name);
  const targetName = reader.required('target-name', 'a template such as {image}');
  const raw: RawSettings = {
    target: reader.optional('target'),
    'target-name': targetName === DEFAULTS.targetName || targetName === '' ? undefined : targetName,
    platforms: reader.text('platforms') === DEFAULTS.platforms ? undefined : list('platforms'),
    referrers: reader.boolean('referrers') || undefined,
    include: list('include'),
    exclude: list('exclude'),
    semver: reader.optional('semver'),
    'newer-than': reader.optional('newer-than'),
    latest: latest === undefined ? undefined : reader.integer('latest', 1, 1_000_000),
  };
  return readSettings(raw, (setting, what) => reader.problem(setting, what), now);
}

function readNamespaces(
  reader: InputReader,
  given: Settings,
  config: Config | 'unread' | undefined,
): NamespaceSettings[] {
  const named = readNames(reader);
  const file = config === 'unread' ? undefined : config;
  if (config === undefined && reader.list('namespaces').length === 0)
    reader.problem('namespaces', 'is required: name at least one, such as gcr.io/distroless');
  if (config === undefined && !given.target) reader.required('target', TARGET_EXAMPLE);
  const all = named.length > 0 ? named : Array.from(file?.namespaces.values() ?? [], (one) => one.namespace);
  if (file && all.length === 0)
    reader.problem('config', `${file.path} names no namespaces, and neither does the input "namespaces"`);
  const settled = all.flatMap((namespace) => {
    const name = formatNamespace(namespace);
    const own = file?.namespaces.get(name)?.own ?? {};
    const settings = resolveSettings(namespace, own, given, file?.defaults ?? {});
    if (!settings && file)
      reader.problem('config', `${file.path} names no target for ${name}: ${TARGET_EXAMPLE}`);
    return settings ? [settings] : [];
  });
  checkTargets(reader, settled);
  return settled;
}

/** The namespaces of the input, each once. */
function readNames(reader: InputReader): Namespace[] {
  const registry = canonicalHost(reader.required('registry', 'the host of namespaces written without one'));
  if (registry !== '' && !isRegistryHost(registry)) {
    reader.problem('registry', `${show(registry)} is not a host such as gcr.io`);
  }
  const found = new Map<string, Namespace>();
  for (const text of reader.list('namespaces')) {
    const namespace = parseNamespace(text, registry);
    if (typeof namespace === 'string') reader.problem('namespaces', `${show(text)}: ${namespace}`);
    else found.set(formatNamespace(namespace), namespace);
  }
  return Array.from(found.values());
}

function checkTargets(reader: InputReader, settings: readonly NamespaceSettings[]): void {
  const targets = new Map(settings.map(({ target }) => [formatNamespace(target), target]));
  for (const [text, target] of targets) {
    for (const { namespace: source } of settings) {
      const within = source.path === '' || `${target.path}/`.startsWith(`${source.path}/`);
      if (source.registry !== target.registry || !within) continue;
      reader.problem(
        'target',
        `${show(text)} lies inside the source ${formatNamespace(source)}: a mirror of itself`,
      );
    }
  }
}

/** What refers to an image names its digest, which docker does not keep. */
function refuseReferrers(
  reader: InputReader,
  given: Settings,
  config: Config | 'unread' | undefined,
  namespaces: readonly NamespaceSettings[],
): void {
  const why =
    'needs engine: registry, as images that docker pushes get another digest than the one that is signed';
  if (given.referrers === true) reader.problem('referrers', why);
  if (config === undefined || config === 'unread') return;
  const places = namespaces.flatMap(({ namespace, referrers }) => {
    const own = config.namespaces.get(formatNamespace(namespace))?.own.referrers;
    if (!referrers || (own === undefined && given.referrers === true)) return [];
    return [config.locate(own === undefined ? 'defaults' : namespace, 'referrers')];
  });
  for (const place of new Set(places)) reader.problem('config', `${place}: ${why}`);
}

/** The registry of the input `target`, else of the file's default, else of all namespaces. */
function readTargetLogin(
  reader: InputReader,
  given: Settings,
  config: Config | 'unread' | undefined,
  namespaces: readonly NamespaceSettings[],
): string | undefined {
  const named = given.target ?? (config === 'unread' ? undefined : config?.defaults.target);
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

/** @param dryRun then a missing half means none: a pull request from a fork has no secrets */
function readCredential(
  reader: InputReader,
  userInput: string,
  passwordInput: string,
  dryRun: boolean,
): Credential | undefined {
  const username = reader.text(userInput);
  const password = reader.text(passwordInput);
  if (username === '' && password === '') return undefined;
  if (dryRun && (username === '' || password === '')) return undefined;
  if (username === '') reader.problem(userInput, `is required when ${passwordInput} is given`);
  if (password === '')
    reader.problem(passwordInput, `is required when ${userInput} is given: is the secret set?`);
  return { username, password, providedBy: `the inputs ${userInput} and ${passwordInput}` };
}

function readDryRun(reader: InputReader, eventName: string): boolean {
  if (reader.text('dry-run') === 'auto') return /^pull_request(?:_target)?$/.test(eventName);
  if (/^(?:true|True|TRUE|false|False|FALSE)$/.test(reader.text('dry-run'))) return reader.boolean('dry-run');
  reader.problem('dry-run', `${show(reader.text('dry-run'))} is not one of auto, true, false`);
  return true;
}

/** Jobs of a matrix. https://docs.github.com/en/actions/reference/limits */
const MOST_JOBS = 256;

/** `shard-index` is one number, or the range that a plan's matrix hands over. */
function readShard(reader: InputReader): Shard {
  const total = reader.integer('shard-total', 1, MAX_SHARDS);
  const text = reader.text('shard-index');
  const [, first = '', last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
  const shard = { first: Number(first), last: Number(last), total };
  if (first !== '' && shard.first <= shard.last && shard.last < total) return shard;
  const allowed = `from 0 to shard-total - 1, which is ${total - 1}`;
  reader.problem(
    'shard-index',
    `${show(text)} is not a whole number ${allowed}, or a range of them such as 0-99`,
  );
  return { first: 0, last: 0, total: 1 };
}

function readProxy(reader: InputReader, { env, mask }: InputSource): Inputs['proxy'] {
  const given = reader.optional('proxy');
  const https = given ?? (env['HTTPS_PROXY'] || env['https_proxy']);
  const http = given ?? (env['HTTP_PROXY'] || env['http_proxy']);
  const none = env['NO_PROXY'] || env['no_proxy'];
  for (const text of new Set([https, http])) {
    if (!text) continue;
    const url = URL.parse(text);
    if (url?.password) maskPassword(url.password, mask);
    // The value is not shown: it may hold a password.
    if (!url || !/^https?:$/.test(url.protocol)) {
      reader.problem(
        'proxy',
        'the proxy (input, HTTPS_PROXY or HTTP_PROXY) is not an http:// or https:// URL',
      );
    }
  }
  return { ...(http && { http }), ...(https && { https }), ...(none && { none }) };
}

/** As it stands in the URL, and as it is sent. */
function maskPassword(password: string, mask: (secret: string) => void): void {
  mask(password);
  try {
    mask(decodeURIComponent(password));
  } catch {
    // A "%" that escapes nothing: there is no other form of it.
  }
}

function readHosts(reader: InputReader, name: string): Set<string> {
  const hosts = reader.list(name).map((host) => canonicalHost(host));
  for (const host of hosts) {
    if (!isRegistryHost(host))
      reader.problem(name, `${show(host)} is not a host such as registry.example:5000`);
  }
  return new Set(hosts);
}
