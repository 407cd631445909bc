import { describe, expect, it } from 'vitest';
import { DockerCli } from '../../../../src/copy/docker/cli.ts';

/** The error of a command that fails with this message. */
async function failure(stderr: string): Promise<unknown> {
  const docker = new DockerCli(async () => ({ exitCode: 1, stdout: '', stderr }), {}, '/config');
  return docker.run(['push', 'a']).catch((error: unknown) => error);
}

// The messages of docker 28.
describe('a docker command that failed', () => {
  it.each([
    'received unexpected HTTP status: 503 Service Unavailable',
    'error pulling image configuration: download failed after attempts=1: unexpected EOF',
    'Post "http://r/v2/a/blobs/uploads/": read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer',
    'Patch "http://r/v2/uploads/1": dial tcp 127.0.0.1:1: connect: connection refused',
    'toomanyrequests: You have reached your unauthenticated pull rate limit',
  ])('is retried: %s', async (message) => {
    expect(await failure(message)).toMatchObject({ retryable: true });
  });

  it.each([
    'unauthorized: authentication required',
    "Error response from daemon: invalid character '\\x00' in string literal",
    'error parsing HTTP 200 response body: invalid character \'<\' looking for beginning of value: "<html>"',
    'invalid checksum digest format',
    'manifest invalid: manifest invalid',
    'digest invalid: provided digest did not match uploaded content',
    'blob unknown: blob unknown to registry',
  ])('is retried a few times: %s', async (message) => {
    expect(await failure(message)).toMatchObject({ retryable: false, ambiguous: true });
  });

  it.each([
    'denied: requested access to the resource is denied',
    'manifest for r/a:v1 not found: manifest unknown: manifest unknown',
    'no matching manifest for linux/amd64 in the manifest list entries',
    'invalid reference format',
    'write /var/lib/docker/tmp/x: no space left on device',
  ])('is not retried: %s', async (message) => {
    expect(await failure(message)).toMatchObject({ retryable: false, ambiguous: false });
  });
});
