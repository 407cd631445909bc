import * as v from 'valibot';
import { type Mode, MODES } from '../mirror/mode.ts';
import { type Namespace, formatNamespace, parseNamespace } from '../mirror/namespace.ts';
import type { RecheckTurn } from '../mirror/recheck.ts';
import { isRepositoryPath } from '../mirror/record-path.ts';
import { type Shard, MAX_SHARDS } from '../mirror/shard.ts';
import type { Credential } from '../oci/auth/credentials.ts';
import { canonicalHost, isRegistryHost } from '../oci/names.ts';
import { type AccountReader, maskSecrets, readCredential } from './credential-inputs.ts';
import { readDryRun } from './dry-run.ts';
import { type ListedReference, parseImageList } from './image-list.ts';
import type { FileInput, InputSource } from './input-source.ts';
import type { BaseInputs } from './inputs.ts';
import { readMetadata } from './metadata-inputs.ts';
import { readHosts, readProxy } from './network-inputs.ts';
import { readPullRequest } from './comment-place.ts';
import { type InputReader, show } from './reader.ts';
import { type ReadRequest, readRequest } from './request.ts';
import { readSpeed } from './speed-inputs.ts';
import {
  type RawSettings,
  type Settings,
  DEFAULTS,
  REFERRERS_NEED_DIGESTS,
  readSettings,
  type ReportProblem,
} from './settings.ts';

/** The first stage: all that is known before the config file is read. */
export interface FirstStage {
  readonly base: BaseInputs;
  /** Path of the config file; absent when none is named. */
  readonly configPath?: string;
  /** Path of the file with a list of images; absent when none is named. */
  readonly imagesPath?: string;
  /** The host of namespaces that are written without one. */
  readonly registry: string;
  /** The namespaces of the input, each once. */
  readonly named: readonly Namespace[];
  /** The list of the input `images`. */
  readonly listed: readonly ListedReference[];
  /** What the inputs say about how to mirror. */
  readonly settings: Settings;
  /** The images that an issue asks for: nothing else is mirrored then. */
  readonly request?: ReadRequest;
}

/** Reads and checks whatever does not depend on the config file. Problems are left to `reader.finish`. */
export function readFirstStage(
  reader: InputReader,
  source: InputSource,
  accounts: AccountReader | undefined,
): FirstStage {
  maskSecrets(source, accounts);
  const settings = readInputSettings(reader, source.now);
  const registry = readRegistry(reader);
  const named = readNames(reader, registry);
  const listed = parseImageList(
    reader.text('images'),
    (line) => `line ${line}`,
    (place, what) => reader.problem('images', `${place}: ${what}`),
  );
  const configPath = readPath(reader, 'config', '.github/mirror.yml');
  const imagesPath = readPath(reader, 'images-file', 'images.txt');
  const base = readBase(reader, source, settings, accounts);
  checkPlatform(reader, source, base);
  const request = readRequest(reader, source, base, imagesPath);
  if (base.engine === 'docker' && settings.referrers === true)
    reader.problem('referrers', REFERRERS_NEED_DIGESTS);
  return {
    base,
    ...(configPath !== undefined && { configPath }),
    ...(imagesPath !== undefined && { imagesPath }),
    registry,
    named: request ? [] : named,
    listed: request?.listed ?? listed,
    settings,
    ...(request && { request }),
  };
}

/** Elsewhere docker runs in a virtual machine, or pulls Windows images. Only a run that copies needs it. */
function checkPlatform(
  reader: InputReader,
  { platform }: InputSource,
  { engine, mode, dryRun }: Pick<BaseInputs, 'engine' | 'mode' | 'dryRun'>,
): void {
  if (engine !== 'docker' || mode !== 'sync' || dryRun || platform === 'linux') return;
  reader.problem(
    'engine',
    `docker needs Linux, and this machine has ${platform}: set "engine: registry", which runs everywhere, or use a Linux runner`,
  );
}

function readBase(
  reader: InputReader,
  source: InputSource,
  settings: Settings,
  accounts: AccountReader | undefined,
): BaseInputs {
  const mode = reader.choice('mode', MODES);
  const dryRun = readDryRun(reader, source);
  return {
    mode,
    dryRun,
    engine: reader.choice('engine', ['docker', 'registry']),
    credentials: {
      target: readCredential(reader, 'username', 'password', dryRun),
      source: readCredential(reader, 'source-username', 'source-password', dryRun),
    },
    registryAuth: accounts?.readRegistryAuth(reader, dryRun) ?? new Map<string, Credential>(),
    include: settings.include ?? [],
    exclude: settings.exclude ?? [],
    recheck: reader.integer('recheck', 1, 365),
    ...readRecheckTurn(source),
    metadata: readMetadata(reader, dryRun),
    workflowToken: reader.text('workflow-token'),
    recordWay: reader.choice('record', ['direct', 'report']),
    reports: readReports(reader, mode),
    shard: readShard(reader),
    ...readSpeed(reader),
    httpTimeout: reader.duration('http-timeout'),
    retries: reader.integer('retries', 0, 20),
    proxy: readProxy(reader, source),
    insecureRegistries: readHosts(reader, 'insecure-registries'),
    trustedHosts: readHosts(reader, 'trusted-hosts'),
    ...(reader.boolean('comment') && dryRun && readPullRequest(source)),
    timeLimit: reader.duration('time-limit'),
    checkpoint: reader.duration('checkpoint'),
    failOnError: reader.boolean('fail-on-error'),
    compareContent: reader.boolean('compare-content'),
    requestAccounts: reader.boolean('request-accounts'),
    cache: reader.boolean('cache'),
    monitor: {
      count: reader.integer('monitor-count', 1, 1_000_000),
      interval: reader.duration('monitor-interval'),
    },
  };
}

const Day = v.pipe(v.number(), v.integer(), v.minValue(0));

/** The part of a plan's matrix entry that no other input hands over. */
const PlannedJob = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    'recheck-day': Day,
    'recheck-last': v.optional(v.union([Day, v.literal('none'), v.literal('unknown')]), 'unknown'),
    'recheck-key': v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/))),
  }),
);

function readRecheckTurn({ get }: InputSource): { recheckTurn: RecheckTurn } | undefined {
  const job = v.safeParse(PlannedJob, get('job-matrix'));
  if (!job.success) return undefined;
  const { 'recheck-day': day, 'recheck-last': last, 'recheck-key': key } = job.output;
  return { recheckTurn: { day, last, ...(key !== undefined && { key }) } };
}

/** What the inputs say about how to mirror. A value that is the default counts as not set: the config file decides. */
function readInputSettings(reader: InputReader, now: number): Settings {
  const latest = reader.optional('latest');
  const list = (name: string): string[] | undefined =>
    reader.optional(name) === undefined ? undefined : reader.list(name);
  const targetName = reader.required('target-name', 'a template such as {image}');
  const raw: RawSettings = {
    target: list('target'),
    'target-name': targetName === DEFAULTS.targetName || targetName === '' ? undefined : targetName,
    platforms: reader.text('platforms') === DEFAULTS.platforms ? undefined : list('platforms'),
    referrers: reader.boolean('referrers') || undefined,
    include: list('include'),
    exclude: list('exclude'),
    semver: reader.optional('semver'),
    'newer-than': reader.optional('newer-than'),
    latest: latest === undefined ? undefined : reader.integer('latest', 1, 1_000_000),
  };
  const report: ReportProblem = (setting, what, item) =>
    reader.problem(setting, item === undefined ? what : `${lineOf(reader.text(setting), item)}${what}`);
  return readSettings(raw, report, now);
}

/** `line 3: `, the line of a list on which `item` stands; nothing for a list of one line. */
function lineOf(text: string, item: string): string {
  const lines = text.split('\n');
  return lines.length > 1 ? `line ${lines.findIndex((line) => line.includes(item)) + 1}: ` : '';
}

function readRegistry(reader: InputReader): string {
  const registry = canonicalHost(reader.required('registry', 'the host of namespaces written without one'));
  if (registry !== '' && !isRegistryHost(registry))
    reader.problem('registry', `${show(registry)} is not a host such as gcr.io`);
  return registry;
}

/** The namespaces of the input, each once. */
function readNames(reader: InputReader, registry: string): Namespace[] {
  const found = new Map<string, Namespace>();
  for (const text of reader.list('namespaces')) {
    const namespace = parseNamespace(text, registry);
    if (typeof namespace === 'string') reader.problem('namespaces', `${show(text)}: ${namespace}`);
    else found.set(formatNamespace(namespace), namespace);
  }
  return Array.from(found.values());
}

function readPath(reader: InputReader, name: FileInput, example: string): string | undefined {
  const path = reader.optional(name);
  if (path !== undefined && !isRepositoryPath(path)) {
    reader.problem(name, `${show(path)} is not a path inside the repository, such as ${example}`);
  }
  return path;
}

function readReports(reader: InputReader, mode: Mode): string {
  // Without reports, the mode only brings the catalogue up to date.
  if (mode === 'record' && reader.optional('catalogue') === undefined)
    return reader.required('reports', 'the folder that holds the reports');
  return reader.text('reports');
}

/** Reads `shard-index`, one number or the range that a plan's matrix passes, and `shard-total`. */
function readShard(reader: InputReader): Shard {
  const total = reader.integer('shard-total', 1, MAX_SHARDS);
  const text = reader.text('shard-index');
  const [, first = '', last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
  const shard = { first: Number(first), last: Number(last), total };
  if (first !== '' && shard.first <= shard.last && shard.last < total) return shard;
  const allowed = `from 0 to shard-total - 1, which is ${total - 1}`;
  reader.problem(
    'shard-index',
    `${show(text)} is not a whole number ${allowed}, or a range of such numbers, such as 0-99`,
  );
  return { first: 0, last: 0, total: 1 };
}
