import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startDaemon } from '../run/process.ts';

export interface Dockerd {
  /** `unix:///tmp/…`: what DOCKER_HOST takes. */
  readonly dockerHost: string;
  /** References and IDs of the images that the daemon holds. */
  images(): string[];
  close(): Promise<void>;
}

/** Debian's dockerd, as root, on its own socket and folders. Loopback registries are insecure for it by default. */
export async function startDockerd(): Promise<Dockerd> {
  // Short: a socket's path has at most 107 characters.
  const folder = await mkdtemp('/tmp/dockerd-');
  const dockerHost = `unix://${join(folder, 'd.sock')}`;
  const docker = (...args: string[]): string =>
    execFileSync('docker', args, {
      encoding: 'utf8',
      env: { ...process.env, DOCKER_HOST: dockerHost },
      stdio: 'pipe',
    });
  const daemon = await startDaemon(
    'dockerd',
    // prettier-ignore
    [
      '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '-p', join(folder, 'pid'),
      '-H', dockerHost, '--bridge=none', '--iptables=false', '--ip6tables=false', '--log-level=warn',
    ],
    { debianPackage: 'docker.io', ready: async () => docker('version') !== '' },
  );
  return {
    dockerHost,
    images: () =>
      docker('images', '--all', '--format', '{{.Repository}}@{{.ID}}').split('\n').filter(Boolean),
    close: async () => {
      await daemon.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
