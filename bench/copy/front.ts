import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Daemon, freePort, startDaemon } from '../../__tests__/support/run/process.ts';

/** Traffic through a front since the last count. */
export interface Traffic {
  readonly requests: number;
  /** Bytes of the requests, including their bodies. */
  readonly received: number;
  readonly sent: number;
  /** Number of manifests that were read: Docker Hub counts each as a pull. https://docs.docker.com/docker-hub/usage/pulls/ */
  readonly pulls: number;
}

/** nginx in front of a registry. It counts requests and bytes, and serves `tags/list` from files where they exist. */
export interface Front {
  readonly host: string;
  count(): Traffic;
  close(): Promise<void>;
}

/** A line of the log that is about a pull. */
const PULL = /^\d+ \d+ GET \S+\/manifests\//;

/** @param lists the body of `tags/list` by repository, the same for every tool */
export async function startFront(
  upstream: string,
  lists: ReadonlyMap<string, string> = new Map(),
): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-front-'));
  const port = await freePort();
  const log = join(folder, 'access.log');
  for (const [repository, body] of lists) {
    const file = join(folder, 'lists', 'v2', repository, 'tags', 'list');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, body);
  }
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, nginxConfig(folder, port, upstream));
  const daemon = await startDaemon('nginx', ['-c', config, '-p', folder], {
    debianPackage: 'nginx-light',
    ready: async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).status > 0,
  });
  const front: Front = {
    host: `127.0.0.1:${port}`,
    count: () => {
      const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').filter(Boolean) : [];
      const file = openSync(log, 'r+');
      ftruncateSync(file);
      closeSync(file);
      const sum = (at: number): number =>
        lines.reduce((total, line) => total + Number(line.split(' ')[at]), 0);
      const pulls = lines.filter((line) => PULL.test(line)).length;
      return { requests: lines.length, received: sum(0), sent: sum(1), pulls };
    },
    close: async () => {
      await daemon.stop();
      rmSync(folder, { recursive: true });
    },
  };
  front.count();
  return front;
}

function nginxConfig(folder: string, port: number, upstream: string): string {
  return `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log crit; user root;
events { worker_connections 2000; }
http {
  log_format traffic '$request_length $bytes_sent $request_method $uri';
  access_log ${folder}/access.log traffic;
  client_max_body_size 0; proxy_request_buffering off; proxy_buffering on; proxy_max_temp_file_size 0;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
  uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  keepalive_requests 1000000; tcp_nodelay on; sendfile on;
  upstream registry { server ${new URL(upstream).host}; keepalive 128; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port};
    location ~ /tags/list$ { root ${folder}/lists; default_type application/json; try_files $uri @registry; }
    location / { proxy_pass http://registry; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; }
    location @registry { proxy_pass http://registry; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; }
  }
}
`;
}

/** A link with a round trip of 40 ms: every byte arrives 20 ms later in each direction. Runs in its own process. */
export async function startDelay(host: string): Promise<{ host: string; close: () => Promise<void> }> {
  const port = await freePort();
  const script = fileURLToPath(new URL('delay.ts', import.meta.url));
  const daemon: Daemon = await startDaemon(process.execPath, [script, String(port), host], {
    debianPackage: 'nodejs',
    ready: async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).status > 0,
  });
  return { host: `127.0.0.1:${port}`, close: async () => daemon.stop() };
}

/** True if `command` is on PATH. */
export function isOnPath(command: string): boolean {
  try {
    execFileSync('which', [command], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
