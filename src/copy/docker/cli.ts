import { CopyError } from '../../mirror/copy-error.ts';
import type { Credential } from '../../oci/auth/credentials.ts';
import { messageOf, printable } from '../../oci/errors.ts';
import { adviceOn, remedyFor } from '../../oci/remedy.ts';

/** Runs a program until it ends, with an argument array and without a shell. Throws when it can't be started. */
export type Exec = (
  command: string,
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly input?: string },
) => Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;

/** Messages of docker and of registries about failures that a retry does not change, */
const PERMANENT =
  /denied|unauthorized|forbidden|not found|unknown|invalid|no matching manifest|unsupported|not supported|not implemented|no space left|cannot connect to the docker daemon/i;

/** except for these, which may pass. */
const TRANSIENT =
  /toomanyrequests|too many requests|rate limit|timeout|blob upload|connection reset|unexpected eof/i;

/** Of the permanent failures, those that docker also reports for an answer that is not a registry's, or for damaged content. */
const AMBIGUOUS =
  /unauthorized|invalid character|invalid checksum|text\/html|malformed|(?:digest|manifest|size) invalid|did not match|blob unknown|unknown blob/i;

/** Of the permanent failures, those that concern the account. */
const DENIED = /denied|unauthorized|forbidden|authentication required|no basic auth credentials/i;

/**
 * Messages about images that docker can't pull or push unchanged, and that can be copied registry to registry:
 * - the containerd image store (Docker 29's default) lacks content when another image has the same layer under another compression,
 *   or the index names platforms that were not pulled (docker/cli 4959, moby 52897, 51665), and ends a push whose last answer takes
 *   longer than 30 s (moby 53700);
 * - daemons before 23 can't read layers that are compressed with zstd;
 * - the classic store has at most 128 layers, checks that layers match the config, and has no media types but its own;
 * - a daemon can't unpack an image for another operating system, or with user IDs that it does not map.
 */
const UNABLE = new RegExp(
  [
    'content digest sha256:\\w+: not found',
    'does not provide (?:any|the specified) platform',
    'timeout awaiting response headers',
    'invalid tar header',
    'failed to register layer(?!.*no space left)',
    'max depth exceeded',
    "layers from manifest don't match image configuration",
    'invalid rootfs in image configuration',
    'un(?:supported|known)(?: manifest)? media ?type',
    'mediaType in manifest should be',
    'unsupported (?:layer )?compression',
    'cannot be used on this platform',
    'cannot be mapped to a host ID',
  ].join('|'),
  'i',
);

/** docker can't copy an image unchanged. */
export class DockerUnableError extends CopyError {
  constructor(message: string) {
    super(message, { retryable: false });
  }
}

/** The docker command with one private configuration. */
export class DockerCli {
  /** The accounts that were used to log in, by registry. */
  readonly logins = new Map<string, Credential>();
  readonly #exec: Exec;
  readonly #env: Readonly<Record<string, string>>;

  constructor(exec: Exec, env: Readonly<Record<string, string>>, configFolder: string) {
    this.#exec = exec;
    this.#env = { ...env, DOCKER_CONFIG: configFolder };
  }

  /**
   * Runs `docker <args>`. Only the exit code decides whether it succeeded.
   *
   * @returns standard output
   * @throws CopyError with docker's own message; DockerUnableError when docker can't copy the image unchanged
   */
  async run(args: readonly string[]): Promise<string> {
    return this.#run(args, args.join(' '));
  }

  /**
   * Runs `docker pull <args>` or `docker push <args>`, which sends requests to `registry`.
   *
   * @throws CopyError with docker's own message, the remedy, and the account that was refused
   */
  async move(command: 'pull' | 'push', registry: string, args: readonly string[]): Promise<void> {
    try {
      await this.run([command, ...args]);
    } catch (error) {
      const isUnable = error instanceof DockerUnableError;
      if (!(error instanceof CopyError) || error.retryable || isUnable) throw error;
      const remedy = remedyFor(error.message, command === 'push');
      const login = this.logins.get(registry) ?? { providedBy: 'the docker config, if it has any' };
      const advice = DENIED.test(error.message) ? adviceOn(registry, login, remedy) : remedy;
      if (advice === undefined) throw error;
      throw new CopyError(`${error.message.replace(/\.$/, '')}. ${advice}`, {
        retryable: false,
        ambiguous: error.ambiguous && remedy === undefined,
        cause: error,
      });
    }
  }

  async #run(args: readonly string[], shown: string, input?: string): Promise<string> {
    const options = input === undefined ? { env: this.#env } : { env: this.#env, input };
    const { exitCode, stdout, stderr } = await this.#exec('docker', args, options);
    if (exitCode === 0) return stdout;
    const message = printable(stderr.trim() || stdout.trim(), 1000);
    const failure = `docker ${shown} ended with exit code ${exitCode}: ${message}`;
    if (UNABLE.test(message)) throw new DockerUnableError(failure);
    throw new CopyError(failure, {
      retryable: TRANSIENT.test(message) || !PERMANENT.test(message),
      ambiguous: AMBIGUOUS.test(message),
    });
  }

  /**
   * Makes sure that there is a docker command and that it reaches a daemon.
   *
   * @throws Error with the remedy
   */
  async check(): Promise<void> {
    const remedy =
      'engine: docker needs the docker command and its daemon: run on a runner that has them, such as ' +
      'ubuntu-latest, or set engine: registry';
    try {
      await this.run(['version', '--format', '{{.Server.Version}}']);
    } catch (error) {
      const cause = messageOf(error);
      throw new Error(`${remedy}. ${cause}`, { cause: error });
    }
  }

  /**
   * Logs in. The password is passed on standard input.
   *
   * @throws Error that names where the account came from, and nothing of the account itself
   */
  async login(registry: string, credential: Credential): Promise<void> {
    const { username, password, providedBy } = credential;
    try {
      const args = ['login', `--username=${username}`, '--password-stdin', registry];
      await this.#run(args, `login ${registry}`, password);
      this.logins.set(registry, credential);
    } catch (error) {
      const cause = messageOf(error);
      throw new Error(`${registry} refuses the credentials from ${providedBy}: check them. ${cause}`, {
        cause: error,
      });
    }
  }
}
