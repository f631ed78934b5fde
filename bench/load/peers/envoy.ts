// Envoy, one worker thread.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch } from '../machine/workspace.ts';
import { installedVersion, routePrefixes, type Assignment, type Peer } from './peer.ts';

export const envoy: Peer = {
  name: 'envoy',
  available: () => installedVersion('envoy', ['--version']),
  prepare(assignment: Assignment): Launch {
    const config = join(assignment.folder, 'envoy.json');
    writeFileSync(config, JSON.stringify(configuration(assignment)));
    const args = ['--config-path', config, '--concurrency', '1', '--log-level', 'error', '--disable-hot-restart'];
    return { command: 'envoy', args };
  },
};

const TYPES = 'type.googleapis.com/envoy.extensions';

function configuration(assignment: Assignment): object {
  return {
    admin: { address: socketAddress(assignment.adminPort) },
    static_resources: { listeners: [listener(assignment)], clusters: [cluster(assignment.upstreamPort)] },
  };
}

function listener(assignment: Assignment): object {
  const connectionManager = {
    '@type': `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'web',
    use_remote_address: true,
    access_log: assignment.accessLog === undefined ? [] : [accessLog(assignment.accessLog)],
    http_filters: [{ name: 'router', typed_config: { '@type': `${TYPES}.filters.http.router.v3.Router` } }],
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: routes(assignment.routes) }] },
  };
  const filter = { name: 'http', typed_config: connectionManager };
  return { name: 'web', address: socketAddress(assignment.port), filter_chains: [{ filters: [filter] }] };
}

function routes(count: number): object[] {
  return routePrefixes(count).map((prefix) => ({
    match: { path_separated_prefix: prefix },
    route: { cluster: 'origin' },
  }));
}

function accessLog(path: string): object {
  const typed = { '@type': `${TYPES}.access_loggers.file.v3.FileAccessLog`, path };
  return { name: 'file', typed_config: typed };
}

function cluster(upstreamPort: number): object {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: socketAddress(upstreamPort) } }] }];
  return {
    name: 'origin',
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: { cluster_name: 'origin', endpoints },
  };
}

function socketAddress(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
