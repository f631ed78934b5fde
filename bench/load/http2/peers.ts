// Proxies that speak HTTP/2 without TLS on both sides, each with one thread of work, one route and no access log.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Launch } from '../machine/workspace.ts';
import { selvageLaunch } from '../peers/selvage.ts';
import { installedVersion, type Availability } from '../peers/peer.ts';

export interface Http2Assignment {
  /** Where its configuration goes. Exists, empty. */
  readonly folder: string;
  readonly port: number;
  readonly adminPort: number;
  readonly upstreamPort: number;
}

export interface Http2Peer {
  readonly name: string;
  available(): Availability;
  prepare(assignment: Http2Assignment): Launch;
}

const INSTALLED: Availability = { kind: 'installed', version: process.versions.node };

const write = (assignment: Http2Assignment, name: string, text: string): string => {
  const path = join(assignment.folder, name);
  writeFileSync(path, text);
  return path;
};

const selvage = (nodeOptions: readonly string[]): Http2Peer => ({
  name: 'selvage',
  available: () => INSTALLED,
  prepare(assignment) {
    mkdirSync(join(assignment.folder, 'resources'));
    write(assignment, 'resources/all.yaml', selvageDocuments(assignment));
    const launch = selvageLaunch(join(assignment.folder, 'resources'), assignment.folder, assignment.adminPort);
    return { ...launch, args: [...nodeOptions, ...launch.args, '--access-log', 'off'] };
  },
});

const selvageDocuments = ({ port, upstreamPort }: Http2Assignment): string => `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: bench, namespace: default }
spec:
  gatewayClassName: selvage
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
---
apiVersion: v1
kind: Service
metadata: { name: origin, namespace: default }
spec:
  ports: [{ name: http, port: 80, targetPort: ${upstreamPort}, appProtocol: kubernetes.io/h2c }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: origin-1, namespace: default, labels: { kubernetes.io/service-name: origin } }
addressType: IPv4
ports: [{ name: http, port: ${upstreamPort}, protocol: TCP }]
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: all, namespace: default }
spec:
  parentRefs: [{ name: bench }]
  rules: [{ backendRefs: [{ name: origin, port: 80 }] }]
`;

const haproxy: Http2Peer = {
  name: 'haproxy',
  available: () => installedVersion('haproxy', ['-v']),
  prepare(assignment) {
    const text = `global
  nbthread 1
defaults
  mode http
  option forwardfor
  http-reuse always
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend web
  bind 127.0.0.1:${assignment.port} proto h2
  default_backend origin
backend origin
  server origin 127.0.0.1:${assignment.upstreamPort} proto h2
`;
    return { command: 'haproxy', args: ['-f', write(assignment, 'haproxy.cfg', text)] };
  },
};

const nghttpx: Http2Peer = {
  name: 'nghttpx',
  available: () => installedVersion('nghttpx', ['--version']),
  prepare: ({ folder, port, upstreamPort }) => ({
    command: 'nghttpx',
    args: [
      '--conf=/dev/null',
      '--workers=1',
      '--log-level=ERROR',
      '--accesslog-file=',
      `--pid-file=${join(folder, 'pid')}`,
      `--frontend=127.0.0.1,${port};no-tls`,
      `--backend=127.0.0.1,${upstreamPort};;proto=h2`,
      '--add-x-forwarded-for',
      '--single-process',
    ],
  }),
};

const caddy: Http2Peer = {
  name: 'caddy',
  available: () => installedVersion('caddy', ['version']),
  prepare(assignment) {
    const forward = {
      handler: 'reverse_proxy',
      upstreams: [{ dial: `127.0.0.1:${assignment.upstreamPort}` }],
      transport: { protocol: 'http', versions: ['h2c', '2'] },
      headers: { request: { set: { 'X-Request-Id': ['{http.request.uuid}'] } } },
    };
    const web = {
      listen: [`127.0.0.1:${assignment.port}`],
      protocols: ['h1', 'h2', 'h2c'],
      automatic_https: { disable: true },
      routes: [{ handle: [forward] }],
    };
    const configuration = {
      admin: { listen: `127.0.0.1:${assignment.adminPort}` },
      logging: { logs: { default: { level: 'ERROR' } } },
      apps: { http: { servers: { web } } },
    };
    const { folder } = assignment;
    const env = { GOMAXPROCS: '1', HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    return {
      command: 'caddy',
      args: ['run', '--config', write(assignment, 'caddy.json', JSON.stringify(configuration))],
      env,
    };
  },
};

const nodeHttp2: Http2Peer = {
  name: 'node:http2',
  available: () => INSTALLED,
  prepare: ({ port, upstreamPort }) => ({
    command: process.execPath,
    args: [fileURLToPath(new URL('./node-proxy.ts', import.meta.url)), String(port), String(upstreamPort)],
  }),
};

/** @param nodeOptions for Selvage's own process, such as `--cpu-prof` */
export const http2Peers = (nodeOptions: readonly string[] = []): readonly Http2Peer[] => [
  selvage(nodeOptions),
  haproxy,
  nghttpx,
  caddy,
  nodeHttp2,
];

/** Answers every request with 32 octets: HAProxy, whose own cost is the least that can be had here. */
export const originLaunch = (folder: string, port: number): Launch => {
  const text = `global
  nbthread 1
defaults
  mode http
  timeout client 60s
frontend origin
  bind 127.0.0.1:${port} proto h2
  http-request return status 200 content-type text/plain string "${'x'.repeat(32)}"
`;
  const path = join(folder, 'origin.cfg');
  writeFileSync(path, text);
  return { command: 'haproxy', args: ['-f', path] };
};
