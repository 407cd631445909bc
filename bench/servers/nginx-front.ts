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
import { freePort, startDaemon } from '../../__tests__/support/run/process.ts';
import { type SeenRequest, type Traffic, trafficOf } from '../measure/traffic.ts';

/** nginx in front of a registry. It counts requests and bytes, and serves `tags/list` from files where they exist. */
export interface Front {
  readonly host: string;
  count(): Traffic;
  close(): Promise<void>;
}

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
      return trafficOf(lines.map(seenRequest));
    },
    close: async () => {
      await daemon.stop();
      rmSync(folder, { recursive: true });
    },
  };
  front.count();
  return front;
}

function seenRequest(line: string): SeenRequest {
  const [time, duration, received, sent, method = '', uri = ''] = line.split(' ');
  const end = Number(time) * 1000;
  return {
    method,
    path: uri.split('?')[0] ?? '',
    start: end - Number(duration) * 1000,
    end,
    received: Number(received),
    sent: Number(sent),
  };
}

function nginxConfig(folder: string, port: number, upstream: string): string {
  return `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log crit; user root;
events { worker_connections 2000; }
http {
  log_format traffic '$msec $request_time $request_length $bytes_sent $request_method $request_uri';
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
