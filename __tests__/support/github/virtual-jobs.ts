import { MetadataRepository } from '../../../src/github/repository.ts';
import type { RecordWay } from '../../../src/mirror/mode.ts';
import type { RecordedImages } from '../../../src/mirror/record-entry.ts';
import type { Work } from '../../../src/mirror/work.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import { saveAtCheckpoints } from '../../../src/record/checkpoints.ts';
import type { RecordDeps } from '../../../src/record/deps.ts';
import { parseNamespaceManifest } from '../../../src/record/namespace-manifest.ts';
import { record } from '../../../src/record/record.ts';
import { Recorder, type RunRecorder } from '../../../src/record/recorder.ts';
import { ReportRecorder } from '../../../src/record/report-recorder.ts';
import { mergeReports, readReport } from '../../../src/record/reports.ts';
import { renderJsonReport } from '../../../src/report/json-report.ts';
import { digest } from '../fixtures/digests.ts';
import { namespacePlan } from '../fixtures/plans.ts';
import { runResult } from '../fixtures/results.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { VirtualClock } from './virtual-clock.ts';
import { VirtualGitHub } from './virtual-github.ts';

const MINUTE_MS = 60_000;
/** A run of `time-limit: 340m` must have reported after this. */
const CUTOFF_MS = 355 * MINUTE_MS;
/** The work in progress is aborted, and recording begins. */
const ABORT_MS = 350 * MINUTE_MS;
const IMAGES = 12;

export interface Fleet {
  readonly jobs: number;
  /** `direct`: each job records. `report`: one last job records what all have reported. */
  readonly way?: RecordWay;
  /** How long each job copies; all start and end together. */
  readonly copyMs: number;
  readonly checkpointMs: number;
  /** Namespaces per job. */
  readonly namespaces?: number;
  readonly seed: number;
}

export interface FleetResult {
  /** Jobs of which every image is recorded and named in the changelog. */
  readonly complete: number;
  /** Part of all images that are recorded. */
  readonly recorded: number;
  readonly requests: number;
  readonly conflicts: number;
  readonly limited: number;
  /** Minutes from the end of the copies to the end of the last job. */
  readonly minutes: number;
}

/** Runs a matrix of jobs that record directly, in virtual time and with the project's own classes. */
export async function runFleet(fleet: Fleet): Promise<FleetResult> {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const start = clock.now();
  const github = new VirtualGitHub(clock);
  const random = randomNumbers(fleet.seed);
  const plans = Array.from({ length: fleet.jobs }, (_, job) =>
    Array.from({ length: fleet.namespaces ?? 1 }, (_one, index) => planOf(`n${job}x${index}`)),
  );
  const reports = await clock.run(
    Promise.all(plans.map(async (some, job) => runJob(some, job, { fleet, clock, github, random, start }))),
  );
  if (fleet.way === 'report')
    await clock.run(recordReports(reports, { fleet, clock, github, random, start }));
  const changelog = github.files.get('CHANGELOG.md')?.toString() ?? '';
  const archives = Array.from(github.files).filter(([path]) => path.startsWith('CHANGELOG'));
  const logged = [changelog, ...archives.map(([, bytes]) => bytes.toString())].join('\n');
  const counts = plans.map((some) =>
    some.map((plan) => ({ images: countRecorded(plan, github), isLogged: isNamed(plan, logged) })),
  );
  const all = counts.flat();
  return {
    complete: counts.filter((some) => some.every(({ images, isLogged }) => images === IMAGES && isLogged))
      .length,
    recorded: all.reduce((sum, { images }) => sum + images, 0) / (all.length * IMAGES),
    requests: github.counts.requests,
    conflicts: github.counts.conflicts,
    limited: github.counts.limited,
    minutes: Math.round((clock.now() - start - fleet.copyMs) / MINUTE_MS),
  };
}

interface World {
  readonly fleet: Fleet;
  readonly clock: VirtualClock;
  readonly github: VirtualGitHub;
  readonly random: () => number;
  readonly start: number;
}

/** Runs one job. @returns its JSON report */
async function runJob(plans: readonly NamespacePlan[], job: number, world: World): Promise<string> {
  const { fleet, clock, start } = world;
  const abort = new AbortController();
  const deps = depsOf(`run.${job}`, abort.signal, start + CUTOFF_MS, world);
  const settings = { changelogPath: 'CHANGELOG.md', timezone: 'UTC' };
  for (const { recordPath: path } of plans) await deps.metadata.read(path);
  const recorder: RunRecorder =
    fleet.way === 'report'
      ? new ReportRecorder(plans, settings, silentLogger)
      : new Recorder(plans, settings, deps);
  const end = new AbortController();
  const options = { interval: fleet.checkpointMs, namespaces: plans.length, end: end.signal };
  const checkpoints = saveAtCheckpoints(recorder, options, deps);
  for (let image = 0; image < IMAGES; image += 1) {
    const left = start + ABORT_MS - clock.now();
    await clock.sleep(Math.min(left, fleet.copyMs / IMAGES));
    if (left <= 0) break;
    for (const plan of plans) noteImage(recorder, plan, image);
  }
  if (clock.now() >= start + ABORT_MS) abort.abort();
  end.abort();
  await checkpoints;
  const { records = [] } = await recorder.finish();
  return renderJsonReport(runResult({ namespaces: recorder.results(), records }));
}

/** The last job: one process that has an hour. */
async function recordReports(reports: readonly string[], world: World): Promise<void> {
  const { signal: never } = new AbortController();
  const deps = depsOf('run.record', never, world.clock.now() + 60 * MINUTE_MS, {
    ...world,
    fleet: { ...world.fleet, jobs: 1 },
  });
  const read = reports.map((text, job) =>
    readReport({ name: `report-${job}.json`, text }, '{registry}/{namespace}.json'),
  );
  await record(mergeReports(read), { changelogPath: 'CHANGELOG.md', timezone: 'UTC' }, deps);
}

function depsOf(
  runKey: string,
  abort: AbortSignal,
  cutoffTime: number,
  { fleet, clock, github, random }: World,
): RecordDeps & { readonly metadata: MetadataRepository } {
  const { signal: end } = new AbortController();
  const timeLeftMs = (): number => Math.max(0, cutoffTime - clock.now());
  const octokit = github.octokit();
  const metadata = new MetadataRepository({
    octokit,
    owner: 'octo',
    repo: 'meta',
    jobs: fleet.jobs,
    shutdown: { signal: abort, octokit, end, timeLeftMs },
    sleep: clock.sleep,
    random,
    logger: silentLogger,
  });
  return {
    metadata,
    now: () => new Date(clock.now()),
    runKey,
    sleep: async (ms, signal) => clock.sleep(ms, signal ? AbortSignal.any([signal, abort]) : abort),
    random,
    lifetime: { abort, timeLeftMs },
    jobs: fleet.jobs,
    logger: silentLogger,
  };
}

function noteImage(recorder: RunRecorder, plan: NamespacePlan, image: number): void {
  const work = plan.work[image];
  if (work) recorder.note(plan, { work, verifiedTags: new Map([['v1', { digest: digest(1) }]]), bytes: 1 });
}

function planOf(path: string): NamespacePlan {
  const base = namespacePlan();
  const images: RecordedImages = new Map();
  const work = Array.from({ length: IMAGES }, (_, index): Work => {
    const image = `image-${index}`;
    return {
      image,
      repository: `${path}/${image}`,
      descriptor: { digest: digest(1) },
      added: ['v1'],
      updated: [],
    };
  });
  return {
    ...base,
    settings: { ...base.settings, namespace: { registry: 'gcr.io', path } },
    name: `gcr.io/${path}`,
    recordPath: `gcr.io/${path}.json`,
    recorded: { source: `gcr.io/${path}`, target: 'docker.io/mirror', images },
    work,
  };
}

function countRecorded(
  { recordPath: path, recorded: { source, target } }: NamespacePlan,
  github: VirtualGitHub,
): number {
  const bytes = github.files.get(path);
  return bytes ? parseNamespaceManifest(bytes, { path, source, target }).images.size : 0;
}

function isNamed({ recorded }: NamespacePlan, changelog: string): boolean {
  return changelog.includes(`\`${recorded.source}\``);
}

/** https://en.wikipedia.org/wiki/Linear_congruential_generator */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
