// Selvage, one worker, started as a user would: `selvage up <folder>`.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch } from '../machine/workspace.ts';
import { routePrefixes, type Assignment, type Availability, type Peer } from './peer.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** The launcher; run under this very Node, so that it does not start another and the process id is the proxy's. */
const LAUNCHER = join(ROOT, 'bin/selvage.cjs');
/** What the launcher loads, in a checkout and in the built package. */
const ENTRIES = [join(ROOT, 'src/app/main.ts'), join(ROOT, 'dist/app/main.js')];

export const selvage: Peer = {
  name: 'selvage',
  available: launcherVersion,
  prepare: (assignment) => prepareSelvage(assignment, []),
};

/** @returns Selvage with more options for Node itself, such as `--cpu-prof`. */
export function selvageWith(nodeOptions: readonly string[]): Peer {
  return { ...selvage, prepare: (assignment) => prepareSelvage(assignment, nodeOptions) };
}

function launcherVersion(): Availability {
  if (!ENTRIES.some(existsSync)) return { kind: 'missing', reason: `there is no ${ENTRIES.join(' and no ')}` };
  return { kind: 'installed', version: `of this checkout, Node ${process.versions.node}` };
}

function prepareSelvage(assignment: Assignment, nodeOptions: readonly string[]): Launch {
  const resources = join(assignment.folder, 'resources');
  mkdirSync(resources);
  writeFileSync(join(resources, 'gateway.yaml'), gatewayDocument(assignment));
  writeFileSync(join(resources, 'origin.yaml'), originDocuments(assignment.upstreamPort));
  writeFileSync(join(resources, 'routes.yaml'), routePrefixes(assignment.routes).map(routeDocument).join('---\n'));
  const log = ['--access-log', assignment.accessLog ?? 'off'];
  const launch = selvageLaunch(resources, assignment.folder, assignment.adminPort);
  return { ...launch, args: [...nodeOptions, ...launch.args, ...log] };
}

/** Starts Selvage on a folder of declarations. @param home - for whatever it saves for its next start. */
export function selvageLaunch(resources: string, home: string, adminPort: number): Launch {
  const args = [LAUNCHER, 'up', resources, '--workers', '1', '--admin-port', `${adminPort}`];
  return { command: process.execPath, args, env: homeEnvironment(home) };
}

function homeEnvironment(home: string): Record<string, string> {
  return { HOME: home, XDG_STATE_HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home, NODE_OPTIONS: '' };
}

function gatewayDocument(assignment: Assignment): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: bench, namespace: default }
spec:
  gatewayClassName: selvage
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${assignment.port} }]
`;
}

function originDocuments(upstreamPort: number): string {
  return `apiVersion: v1
kind: Service
metadata: { name: origin, namespace: default }
spec:
  ports: [{ name: http, port: 80, targetPort: ${upstreamPort} }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: origin-1, namespace: default, labels: { kubernetes.io/service-name: origin } }
addressType: IPv4
ports: [{ name: http, port: ${upstreamPort}, protocol: TCP }]
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]
`;
}

function routeDocument(prefix: string): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${prefix.slice(1)}, namespace: default }
spec:
  parentRefs: [{ name: bench }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: ${prefix} } }]
      backendRefs: [{ name: origin, port: 80 }]
`;
}
