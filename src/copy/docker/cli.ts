import { printable } from '../../oci/errors.ts';
import { CopyError } from '../engine.ts';

/** Runs a program to its end with an argument array and no shell; throws when it can't be started. */
export type Exec = (
  command: string,
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly input?: string },
) => Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;

/** Failures that another try does not mend, as docker and registries word them. */
const PERMANENT =
  /denied|unauthorized|forbidden|not found|unknown|invalid|no matching manifest|unsupported|not supported|not implemented|no space left|cannot connect to the docker daemon/i;

/** ... unless they are one of these. */
const TRANSIENT =
  /toomanyrequests|too many requests|rate limit|timeout|blob upload|connection reset|unexpected eof/i;

/** ... and these, which are also how docker words an answer that is none, or that something came spoilt. */
const DOUBTFUL =
  /unauthorized|invalid character|invalid checksum|text\/html|malformed|(?:digest|manifest|size) invalid|did not match|blob unknown|unknown blob/i;

/** The docker command under one private configuration. */
export class DockerCli {
  readonly #exec: Exec;
  readonly #env: Readonly<Record<string, string>>;

  constructor(exec: Exec, env: Readonly<Record<string, string>>, configFolder: string) {
    this.#exec = exec;
    this.#env = { ...env, DOCKER_CONFIG: configFolder };
  }

  /**
   * Runs `docker <args>` and gives its standard output. The exit code alone decides.
   *
   * @throws CopyError with docker's own message
   */
  async run(args: readonly string[], input?: string): Promise<string> {
    const options = input === undefined ? { env: this.#env } : { env: this.#env, input };
    const { exitCode, stdout, stderr } = await this.#exec('docker', args, options);
    if (exitCode === 0) return stdout;
    const message = printable(stderr.trim() || stdout.trim(), 1000);
    throw new CopyError(`docker ${args.join(' ')} ended with exit code ${exitCode}: ${message}`, {
      retryable: TRANSIENT.test(message) || !PERMANENT.test(message),
      doubtful: DOUBTFUL.test(message),
    });
  }

  /**
   * Makes sure that there is a docker command and a daemon that it reaches.
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
      const cause = error instanceof Error ? error.message : String(error);
      throw new Error(`${remedy}. ${cause}`, { cause: error });
    }
  }

  /**
   * Logs in, with the password on standard input.
   *
   * @throws Error that names the inputs to check
   */
  async login(registry: string, username: string, password: string, inputs: string): Promise<void> {
    try {
      await this.run(['login', `--username=${username}`, '--password-stdin', registry], password);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new Error(`${registry} does not take ${inputs}: check them. ${cause}`, { cause: error });
    }
  }
}
