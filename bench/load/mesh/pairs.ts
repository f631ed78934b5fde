// Two proxies with mutual TLS between them: what a request costs that leaves through one and enters through the other.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestAuthority } from '#identity/testing/authority.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { Launch } from '../machine/workspace.ts';
import type { SidecarSettings } from './sidecar.ts';

/** What every pair is asked to do. */
export interface PairAssignment {
  /** Exists, empty. */
  readonly folder: string;
  /** Where the caller connects, HTTP/1.1 without TLS. */
  readonly port: number;
  /** Where the first connects to the second. */
  readonly meshPort: number;
  readonly upstreamPort: number;
}

export interface Pair {
  readonly name: string;
  /** @returns how to start both, the one that is connected to first */
  prepare(assignment: PairAssignment): readonly [inbound: Launch, outbound: Launch];
}

const CALLER = 'spiffe://mesh.test/ns/bench/sa/caller';
const SERVICE = 'spiffe://mesh.test/ns/bench/sa/service';
const authority = new TestAuthority('bench');

interface Identity {
  readonly principal: string;
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly roots: string;
}

const issue = (principal: string): Identity => {
  const key = WorkloadKey.generate();
  const certificateChain = authority.issue(key.publicKey, principal);
  return { principal, certificateChain, privateKey: key.exportPem(), roots: authority.certificate };
};

/** @param nodeOptions such as `--cpu-prof` */
export const selvagePair = (nodeOptions: readonly string[] = []): Pair => ({
  name: 'selvage',
  prepare(assignment) {
    const { folder, port, meshPort } = assignment;
    const start = (name: string, settings: SidecarSettings): Launch => {
      const file = join(folder, `${name}.json`);
      writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
      return { command: process.execPath, args: [...nodeOptions, join(import.meta.dirname, 'sidecar.ts'), file] };
    };
    const capture = {
      address: '127.0.0.1',
      port,
      service: 'bench/service',
      servicePort: 80,
      protocol: 'http',
    } as const;
    return [
      start('inbound', {
        ...issue(SERVICE),
        port: meshPort,
        accessLog: join(folder, 'inbound.log'),
        resources: inboundResources(assignment),
      }),
      start('outbound', {
        ...issue(CALLER),
        capture,
        accessLog: join(folder, 'outbound.log'),
        resources: outboundResources(assignment),
      }),
    ];
  },
});

/** The caller is let in by name, as in a mesh that has policies. */
const inboundResources = ({ upstreamPort }: PairAssignment): readonly SnapshotResource[] => [
  {
    type: 'authorization',
    name: 'AuthorizationPolicy/bench/service',
    version: '1',
    action: 'ALLOW',
    audit: false,
    exemptPaths: [],
    fault: null,
    rules: [{ name: 'rule-0', from: [[{ attribute: 'principal', negated: false, values: [CALLER] }]], to: [] }],
  },
  {
    type: 'workload',
    name: 'bench/service/1',
    version: '1',
    principal: SERVICE,
    egress: 'RegistryOnly',
    ports: [
      {
        port: upstreamPort,
        protocol: 'http',
        mtls: 'STRICT',
        exemptPaths: [],
        filters: [{ type: 'Authorization', levels: [['AuthorizationPolicy/bench/service']] }],
      },
    ],
  },
];

const outboundResources = ({ meshPort, upstreamPort }: PairAssignment): readonly SnapshotResource[] => [
  {
    type: 'cluster',
    name: 'Service/bench/service:80',
    version: '1',
    protocol: 'http1',
    tls: null,
    proxyProtocol: 0,
    loadBalancing: 'LeastRequest',
    connectTimeoutMs: 1_000,
    limits: { connections: 1024, pendingRequests: 1024, requests: 1024 },
    dns: { refreshIntervalMs: 60_000, ipFamily: 'Any' },
    service: { name: 'service', namespace: 'bench' },
  },
  {
    type: 'endpoints',
    name: 'Service/bench/service:80',
    version: '1',
    endpoints: [
      {
        address: '127.0.0.1',
        port: upstreamPort,
        weight: 1,
        zone: '',
        state: 'ready',
        mesh: { port: meshPort, principal: SERVICE },
      },
    ],
  },
  {
    type: 'mesh-service',
    name: 'bench/service',
    version: '1',
    hostnames: ['service'],
    ports: [{ port: 80, protocol: 'http', cluster: 'Service/bench/service:80' }],
  },
];

/** @param alpn what is spoken between the two */
export const haproxyPair = (alpn: 'h2' | 'http/1.1'): Pair => ({
  name: alpn === 'h2' ? 'haproxy-h2' : 'haproxy-h1',
  prepare({ folder, port, meshPort, upstreamPort }) {
    const pem = (name: string, { certificateChain, privateKey }: Identity): string => {
      const file = join(folder, `${name}.pem`);
      writeFileSync(file, certificateChain + privateKey, { mode: 0o600 });
      return file;
    };
    const roots = join(folder, 'roots.pem');
    writeFileSync(roots, authority.certificate);
    const start = (name: string, bind: string, rules: string, server: string): Launch => {
      const file = join(folder, `${name}.cfg`);
      writeFileSync(file, configuration(bind, rules, server));
      return { command: 'haproxy', args: ['-f', file], stdoutFile: join(folder, `${name}.log`) };
    };
    return [
      start(
        'inbound',
        `127.0.0.1:${meshPort} backlog 4096 ssl crt ${pem('service', issue(SERVICE))} ca-file ${roots} verify required alpn ${alpn} ssl-min-ver TLSv1.3`,
        'http-request deny unless { ssl_c_verify 0 } { ssl_c_used }',
        `127.0.0.1:${upstreamPort}`,
      ),
      start(
        'outbound',
        `127.0.0.1:${port} backlog 4096`,
        '',
        `127.0.0.1:${meshPort} ssl crt ${pem('caller', issue(CALLER))} ca-file ${roots} verify required alpn ${alpn} ssl-min-ver TLSv1.3`,
      ),
    ];
  },
});

const configuration = (bind: string, rules: string, server: string): string => `global
  nbthread 1
  maxconn 8192
  log stdout format raw local0 info
defaults
  mode http
  log global
  option httplog
  option http-keep-alive
  http-reuse always
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  timeout connect 5s
  timeout client 600s
  timeout server 60s
frontend web
  bind ${bind}
  ${rules}
  default_backend next
backend next
  server next ${server}
`;
