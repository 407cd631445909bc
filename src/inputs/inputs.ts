import type { EngineName, Mode, RecordWay } from '../mirror/mode.ts';
import type { CommentPlace } from '../mirror/comment.ts';
import type { RecheckTurn } from '../mirror/recheck.ts';
import type { ImageRequest } from '../mirror/request.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import type { Shard } from '../mirror/shard.ts';
import type { Credential } from '../oci/auth/credentials.ts';
import type { MetadataInputs } from './metadata-inputs.ts';
import type { ProxyInputs } from './network-inputs.ts';

/** action.yml's inputs that no config file changes, parsed and checked. Times are in milliseconds. */
export interface BaseInputs {
  readonly credentials: {
    readonly source: Credential | undefined;
    /** For the registry `targetLogin`. */
    readonly target: Credential | undefined;
  };
  /** Accounts by registry, for sources and targets alike, where `credentials` has none. */
  readonly registryAuth: ReadonlyMap<string, Credential>;
  readonly mode: Mode;
  readonly dryRun: boolean;
  readonly engine: EngineName;
  /** What the inputs include and exclude, whatever the config file says: a plan narrows it further. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Each recorded tag that names a full version is rechecked once in this number of days. */
  readonly recheck: number;
  /** What the plan that made this job's matrix rechecks; absent outside of such a matrix. */
  readonly recheckTurn?: RecheckTurn;
  readonly metadata: MetadataInputs;
  readonly recordWay: RecordWay;
  /** The folder of the reports that mode `record` merges. */
  readonly reports: string;
  /** The workflow's own token, which may always read the workflow's repository. Empty if it was turned off. */
  readonly workflowToken: string;
  /** This job's part of the images. */
  readonly shard: Shard;
  /** The largest number of entries in a plan's matrix. */
  readonly maxShards: number;
  /** Milliseconds of copying that each job of a plan's matrix should take. */
  readonly jobTime: number;
  /** Number of jobs in the matrix that this job belongs to. */
  readonly jobs: number;
  /** The largest number of images that are copied at the same time. Absent: as many as are fast. */
  readonly concurrency?: number;
  /** The number of requests to one host at a time. */
  readonly queryConcurrency: number;
  /** The same for the hosts of targets that are not sources too. */
  readonly targetConcurrency: number;
  readonly httpTimeout: number;
  readonly retries: number;
  readonly proxy: ProxyInputs;
  readonly insecureRegistries: ReadonlySet<string>;
  /** Hosts in a private network that registries may redirect to, or name as their token service. */
  readonly trustedHosts: ReadonlySet<string>;
  /** The pull request that a dry run comments on; absent when there is none, or no comment is wanted. */
  readonly comment?: CommentPlace;
  /** No further image is started after this. */
  readonly timeLimit: number;
  /** The interval at which progress is recorded. */
  readonly checkpoint: number;
  readonly failOnError: boolean;
  /** Whether `compare` also checks that the target has the blobs and children of each tag. */
  readonly compareContent: boolean;
  /** Whether images that an issue requests are read with accounts. Otherwise only public images are mirrored. */
  readonly requestAccounts: boolean;
  /** Whether the target inventory is kept between runs. */
  readonly cache: boolean;
  readonly monitor: { readonly count: number; readonly interval: number };
}

/** action.yml's inputs, joined with the files that they name. */
export interface Inputs extends BaseInputs {
  /** What is mirrored, and how: one for each namespace and target. */
  readonly namespaces: readonly NamespaceSettings[];
  /** The targets of the input `target`, whatever the config file says. */
  readonly targets: readonly string[];
  /** The registry that `username` and `password` are for; undefined where they are not set. */
  readonly targetLogin: string | undefined;
  /** Set if the run mirrors the images that an issue asks for, and answers there. */
  readonly request?: ImageRequest;
}
