// The origin behind every peer: nginx where installed, else a raw socket server.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RESOURCE_BYTES } from '../jobs.ts';
import { freePort } from '../machine/ports.ts';
import type { Launch, Started, Workspace } from '../machine/workspace.ts';
import { installedVersion } from '../peers/peer.ts';
import { untilAnswered } from '../peers/running-peer.ts';
import { RAW_ORIGIN } from './raw-origin.ts';

/** The running origin. */
export interface Upstream {
  readonly port: number;
  readonly process: Started;
  readonly description: string;
}

/** Starts the origin and waits until it answers. */
export async function startUpstream(workspace: Workspace): Promise<Upstream> {
  const folder = workspace.newFolder('upstream');
  const port = await freePort();
  const nginx = installedVersion('nginx', ['-v']);
  const isNginx = nginx.kind === 'installed';
  const launch = isNginx ? nginxOrigin(folder, port) : rawOrigin(port);
  const process = workspace.start(launch, folder);
  await untilAnswered(port, '/r0/small', process, 10_000);
  return { port, process, description: isNginx ? `nginx ${nginx.version}` : 'raw TypeScript sockets' };
}

function rawOrigin(port: number): Launch {
  return { command: process.execPath, args: [RAW_ORIGIN, `${port}`] };
}

function nginxOrigin(folder: string, port: number): Launch {
  for (const name of ['16k', '1m'] as const) writeFileSync(join(folder, name), 'x'.repeat(RESOURCE_BYTES[name]));
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, originConfig(folder, port));
  return { command: 'nginx', args: ['-p', folder, '-e', join(folder, 'error'), '-c', config] };
}

// `return` alone would answer an upload before it has come, and a proxy that learns of the answer while it still sends may
// close both connections. So uploads are read to their end first, which nginx does before it passes a request on, here to
// itself.
function originConfig(folder: string, port: number): string {
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${folder}/pid;
events { worker_connections 8192; multi_accept on; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=16;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_max_body_size 0;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location ~ /small$ { return 200 "${'x'.repeat(RESOURCE_BYTES.small)}"; }
    location ~ /(16k|1m)$ { alias ${folder}/$1; }
    location ~ /sink$ {
      client_body_buffer_size 2m;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
      proxy_http_version 1.1;
      proxy_pass http://answer;
    }
  }
  upstream answer { server unix:${folder}/answer; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen unix:${folder}/answer;
    location / { return 200 "${'x'.repeat(RESOURCE_BYTES.sink)}"; }
  }
}
`;
}
