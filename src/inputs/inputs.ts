import { type Namespace, formatNamespace, parseNamespace } from '../namespace.ts';
import type { Credential } from '../oci/credentials.ts';
import { canonicalHost, isRegistryHost, looksLikeHost } from '../oci/names.ts';
import type { Platforms } from '../plan/diff.ts';
import { MAX_SHARDS, type Shard } from '../plan/shard.ts';
import { PLACEHOLDERS } from '../plan/target-names.ts';
import { type MetadataInputs, readMetadata } from './metadata-inputs.ts';
import { type PullRequest, readPullRequest } from './pull-request.ts';
import { InputReader, show } from './reader.ts';
import { maskRegistryAuth, readRegistryAuth } from './registry-auth.ts';

/** `sync` mirrors and records; `plan` makes a matrix of jobs; `compare` holds record and target side by side; `monitor` tells how far the mirror is. */
export type Mode = (typeof MODES)[number];

const MODES = ['sync', 'plan', 'compare', 'monitor'] as const;

/** action.yml's inputs, parsed and checked. Times are milliseconds. */
export interface Inputs {
  readonly namespaces: readonly Namespace[];
  readonly target: Namespace;
  readonly credentials: { readonly source: Credential | undefined; readonly target: Credential | undefined };
  /** Accounts by registry, for sources and target alike, where `credentials` has none. */
  readonly registryAuth: ReadonlyMap<string, Credential>;
  readonly mode: Mode;
  readonly dryRun: boolean;
  readonly engine: 'docker' | 'registry';
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly platforms: Platforms;
  readonly targetName: string;
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

/** What the inputs are read from. */
export interface InputSource {
  /** An input's trimmed text, with action.yml's default; empty when there is neither. */
  readonly get: (name: string) => string;
  /** The event that started the workflow, `schedule` or `pull_request`. */
  readonly eventName: string;
  /** The event's payload, as the runner leaves it in a file. */
  readonly event: unknown;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Registers a secret with the log. */
  readonly mask: (secret: string) => void;
}

/**
 * Reads and checks all inputs, without any network.
 *
 * @throws InputError with all problems at once
 */
export function parseInputs(source: InputSource): Inputs {
  for (const name of ['password', 'source-password', 'github-token']) {
    const secret = source.get(name);
    if (secret !== '') source.mask(secret);
  }
  maskRegistryAuth(source.get('registry-auth'), source.mask);
  const reader = new InputReader(source.get);
  const namespaces = readNamespaces(reader);
  const target = readTarget(reader, namespaces);
  const mode = reader.choice('mode', MODES);
  const dryRun = readDryRun(reader, source.eventName);
  const inputs: Inputs = {
    namespaces,
    target,
    credentials: {
      source: readCredential(reader, 'source-username', 'source-password', dryRun),
      target: readCredential(reader, 'username', 'password', dryRun),
    },
    registryAuth: readRegistryAuth(reader, dryRun),
    mode,
    dryRun,
    engine: reader.choice('engine', ['docker', 'registry']),
    include: readPatterns(reader, 'include'),
    exclude: readPatterns(reader, 'exclude'),
    platforms: readPlatforms(reader),
    targetName: readTargetName(reader),
    metadata: readMetadata(reader, namespaces),
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

function readNamespaces(reader: InputReader): Namespace[] {
  const registry = canonicalHost(reader.required('registry', 'the host of namespaces written without one'));
  if (registry !== '' && !isRegistryHost(registry)) {
    reader.problem('registry', `${show(registry)} is not a host such as gcr.io`);
  }
  const texts = reader.list('namespaces');
  if (texts.length === 0)
    reader.problem('namespaces', 'is required: name at least one, such as gcr.io/distroless');
  const found = new Map<string, Namespace>();
  for (const text of texts) {
    const namespace = parseNamespace(text, registry);
    if (typeof namespace === 'string') reader.problem('namespaces', `${show(text)}: ${namespace}`);
    else found.set(formatNamespace(namespace), namespace);
  }
  return Array.from(found.values());
}

function readTarget(reader: InputReader, sources: readonly Namespace[]): Namespace {
  const example = 'the registry and namespace to push to, such as docker.io/gcrxio';
  const text = reader.required('target', example);
  const fallback = { registry: 'invalid', path: '' };
  if (text === '') return fallback;
  if (!looksLikeHost(text.split('/')[0] ?? '')) {
    reader.problem('target', `${show(text)} names no registry: give ${example}`);
    return fallback;
  }
  const target = parseNamespace(text, '');
  if (typeof target === 'string') {
    reader.problem('target', `${show(text)}: ${target}`);
    return fallback;
  }
  for (const source of sources) {
    const within = source.path === '' || `${target.path}/`.startsWith(`${source.path}/`);
    if (source.registry !== target.registry || !within) continue;
    reader.problem(
      'target',
      `${show(text)} lies inside the source ${formatNamespace(source)}: a mirror of itself`,
    );
  }
  return target;
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
  return { username, password, origin: `the inputs ${userInput} and ${passwordInput}` };
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

const LONGEST_PATTERN = 1000;

function readPatterns(reader: InputReader, name: string): string[] {
  const patterns = reader.list(name);
  for (const pattern of patterns) {
    if (pattern.length > LONGEST_PATTERN)
      reader.problem(name, `${show(pattern)} is longer than ${LONGEST_PATTERN}`);
  }
  return patterns;
}

function readPlatforms(reader: InputReader): Platforms {
  const list = reader.list('platforms');
  if (list.length === 0 || (list.length === 1 && list[0] === 'all')) return 'all';
  for (const platform of list) {
    if (/^[a-z0-9]+\/[a-z0-9]+(?:\/[a-z0-9.]+)?$/.test(platform)) continue;
    reader.problem(
      'platforms',
      `${show(platform)} is neither "all" nor a platform such as linux/amd64 or linux/arm64/v8`,
    );
  }
  return Array.from(new Set(list)).toSorted();
}

function readTargetName(reader: InputReader): string {
  const template = reader.required('target-name', 'a template such as {image}');
  const known: readonly string[] = PLACEHOLDERS;
  for (const [, name = ''] of template.matchAll(/\{([^{}]*)\}/g)) {
    if (!known.includes(name))
      reader.problem('target-name', `{${name}} is not one of {${known.join('}, {')}}`);
  }
  if (template !== '' && !template.includes('{image}'))
    reader.problem('target-name', `${show(template)} must contain {image}`);
  return template;
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
