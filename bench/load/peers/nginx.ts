// nginx, one worker.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch } from '../machine/workspace.ts';
import { installedVersion, routePrefixes, type Assignment, type Peer } from './peer.ts';

export const nginx: Peer = {
  name: 'nginx',
  available: () => installedVersion('nginx', ['-v']),
  prepare(assignment: Assignment): Launch {
    const { folder } = assignment;
    const config = join(folder, 'nginx.conf');
    writeFileSync(config, configuration(assignment));
    return { command: 'nginx', args: ['-p', folder, '-e', join(folder, 'error'), '-c', config] };
  },
};

// Differs from the defaults where those would make it do another job than the others: upstream connections are kept,
// bodies stream instead of being spooled to disk, and connections are not closed after 1000 requests.
function configuration(assignment: Assignment): string {
  const { folder, port, adminPort, upstreamPort, accessLog } = assignment;
  const locations = routePrefixes(assignment.routes).map(
    (prefix) => `    location ${prefix}/ { proxy_pass http://origin; }\n`,
  );
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${folder}/pid;
events { worker_connections 8192; }
http {
  access_log ${accessLog === undefined ? 'off' : `${accessLog} combined buffer=64k flush=1s`};
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_max_body_size 0;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  proxy_http_version 1.1;
  proxy_request_buffering off;
  proxy_buffers 16 16k;
  proxy_max_temp_file_size 0;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Request-Id $request_id;
  upstream origin {
    server 127.0.0.1:${upstreamPort};
    keepalive 512;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
${locations.join('')}    location / { return 404; }
  }
  server {
    listen 127.0.0.1:${adminPort};
    location = /metrics { access_log off; stub_status; }
  }
}
`;
}
