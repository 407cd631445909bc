import { errors } from 'undici';
import { isNetworkError } from './retry.ts';

const WHERE = 'the input "proxy", or HTTPS_PROXY and HTTP_PROXY';

/** A proxy that can't be reached, or refuses a request. Its message has the remedy, and no password. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  /** True when the same request may succeed later. */
  readonly retryable: boolean;

  constructor(message: string, { retryable, cause }: { retryable: boolean; cause: unknown }) {
    super(message, { cause });
    this.retryable = retryable;
  }
}

/** The connection to the proxy at `host` failed. */
export function unreachable(host: string, cause: Error): ProxyError {
  return new ProxyError(
    `The proxy ${host} can't be reached (${cause.message || cause.name}): check ${WHERE}`,
    {
      retryable: isNetworkError(cause),
      cause,
    },
  );
}

/** Explains undici's error for a failure of `proxy`; any other error is returned unchanged. */
export function explainProxy(proxy: URL, error: Error): Error {
  const { host } = proxy;
  if (error instanceof errors.ProxyConnectionError) {
    const message = `The proxy ${host} closed the connection: check ${WHERE}`;
    return new ProxyError(message, { retryable: true, cause: error });
  }
  if (error instanceof errors.SecureProxyConnectionError)
    return unreachable(host, error.cause instanceof Error ? error.cause : error);
  const [, status] = /^Proxy (?:response|Authentication Required) \((\d+)\)/.exec(error.message) ?? [];
  if (status === undefined) return error;
  const message = `The proxy ${host} ${refusalOf(Number(status), proxy)}`;
  return new ProxyError(message, { retryable: Number(status) >= 500, cause: error });
}

function refusalOf(status: number, { username }: URL): string {
  if (status !== 407)
    return `does not let the connection through (status ${status}): check ${WHERE}, or name the host in NO_PROXY`;
  return username === ''
    ? `requires a user name and a password (status 407): put them in the URL of ${WHERE}, from a secret`
    : `refuses its user name and password (status 407): check them in ${WHERE}`;
}

/** The proxy's failure that caused `error`, if there is one. */
export function proxyErrorOf(error: unknown): ProxyError | undefined {
  if (error instanceof ProxyError) return error;
  return error instanceof Error && error.cause !== undefined ? proxyErrorOf(error.cause) : undefined;
}
