// Caddy, one processor.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch } from '../machine/workspace.ts';
import { installedVersion, routePrefixes, type Assignment, type Peer } from './peer.ts';

export const caddy: Peer = {
  name: 'caddy',
  available: () => installedVersion('caddy', ['version']),
  prepare(assignment: Assignment): Launch {
    const { folder } = assignment;
    const config = join(folder, 'caddy.json');
    writeFileSync(config, JSON.stringify(configuration(assignment)));
    // GOMAXPROCS bounds the threads that run Go code at once, garbage collection among them.
    const env = { GOMAXPROCS: '1', HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    return { command: 'caddy', args: ['run', '--config', config], env };
  },
};

// Each route only names itself and all share one `reverse_proxy`: one per route would give each its own connection pool,
// which no other peer has to keep warm. Within a group the first match wins, so the 404 is for what no route named.
function configuration(assignment: Assignment): object {
  const { port, adminPort, upstreamPort, accessLog } = assignment;
  const matches = routePrefixes(assignment.routes).map((prefix) => ({
    group: 'route',
    match: [{ path: [`${prefix}/*`] }],
    handle: [{ handler: 'vars', route: prefix }],
  }));
  const unmatched = { group: 'route', handle: [{ handler: 'static_response', status_code: 404 }] };
  const forward = {
    handle: [
      {
        handler: 'reverse_proxy',
        upstreams: [{ dial: `127.0.0.1:${upstreamPort}` }],
        transport: { protocol: 'http', keep_alive: { max_idle_conns: 2048, max_idle_conns_per_host: 512 } },
        headers: { request: { set: { 'X-Request-Id': ['{http.request.uuid}'] } } },
      },
    ],
  };
  const logs = accessLog === undefined ? {} : { logs: { default_logger_name: 'access' } };
  return {
    admin: { listen: `127.0.0.1:${adminPort}` },
    logging: { logs: logging(accessLog) },
    apps: {
      http: {
        servers: {
          web: {
            listen: [`127.0.0.1:${port}`],
            automatic_https: { disable: true },
            metrics: {},
            routes: [...matches, unmatched, forward],
            ...logs,
          },
        },
      },
    },
  };
}

function logging(accessLog: string | undefined): object {
  const quiet = { level: 'ERROR', exclude: ['http.log.access'] };
  if (accessLog === undefined) return { default: quiet };
  const writer = { output: 'file', filename: accessLog, roll: false };
  return { default: quiet, access: { writer, encoder: { format: 'json' }, include: ['http.log.access.access'] } };
}
