// HAProxy, one thread.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch } from '../machine/workspace.ts';
import { installedVersion, routePrefixes, type Assignment, type Peer } from './peer.ts';

export const haproxy: Peer = {
  name: 'haproxy',
  available: () => installedVersion('haproxy', ['-v']),
  prepare(assignment: Assignment): Launch {
    const config = join(assignment.folder, 'haproxy.cfg');
    const lines = routePrefixes(assignment.routes).map((prefix) => `${prefix}/ origin\n`);
    writeFileSync(join(assignment.folder, 'routes.map'), lines.join(''));
    writeFileSync(config, configuration(assignment));
    const launch = { command: 'haproxy', args: ['-f', config] };
    return assignment.accessLog === undefined ? launch : { ...launch, stdoutFile: assignment.accessLog };
  },
};

// HAProxy writes no files itself. Its container form, `log stdout format raw`, is used with standard output on a file:
// one write per line, to the same place as the other peers. Tried beside it, a syslog daemon on a Unix socket costs
// HAProxy itself a quarter more (each line wakes the daemon) and the daemon's own time on top.
//
// Routes are a map with prefix lookup (a tree), which is how HAProxy wants many of them, not a list of ACLs.
function configuration(assignment: Assignment): string {
  const hasLog = assignment.accessLog !== undefined;
  return `global
  nbthread 1
  maxconn 8192
  ${hasLog ? 'log stdout format raw local0 info' : ''}
defaults
  mode http
  ${hasLog ? 'log global\n  option httplog' : ''}
  option http-keep-alive
  option forwardfor
  http-reuse always
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  timeout connect 5s
  timeout client 600s
  timeout server 60s
frontend web
  bind 127.0.0.1:${assignment.port} backlog 4096
  use_backend %[path,map_beg(${assignment.folder}/routes.map,none)]
frontend metrics
  bind 127.0.0.1:${assignment.adminPort}
  no log
  http-request use-service prometheus-exporter if { path /metrics }
backend origin
  server origin 127.0.0.1:${assignment.upstreamPort}
backend none
  http-request return status 404
`;
}
