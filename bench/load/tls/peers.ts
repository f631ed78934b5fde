// Peers that end TLS: one certificate (ECDSA P-256), HTTP/1.1 behind it, access log on in all.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch } from '../machine/workspace.ts';
import { selvageLaunch } from '../peers/selvage.ts';

/** What a peer is to do. */
export interface TlsAssignment {
  readonly folder: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly adminPort: number;
  readonly upstreamPort: number;
  /** PEM files. */
  readonly certificate: string;
  readonly key: string;
}

export interface TlsPeer {
  readonly name: string;
  readonly prepare: (assignment: TlsAssignment) => Launch;
}

export const TLS_PEERS: readonly TlsPeer[] = [
  { name: 'selvage', prepare: prepareSelvage },
  { name: 'haproxy', prepare: prepareHaproxy },
];

function prepareSelvage(assignment: TlsAssignment): Launch {
  const { folder, httpPort, httpsPort, adminPort, upstreamPort } = assignment;
  const base64 = (file: string): string => readFileSync(file).toString('base64');
  writeFileSync(
    join(folder, 'gateway.yaml'),
    `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: bench, namespace: default }
spec:
  gatewayClassName: selvage
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners:
    - { name: http, protocol: HTTP, port: ${httpPort} }
    - { name: https, protocol: HTTPS, port: ${httpsPort}, tls: { mode: Terminate, certificateRefs: [{ name: bench }] } }
---
apiVersion: v1
kind: Secret
metadata: { name: bench, namespace: default }
type: kubernetes.io/tls
data: { tls.crt: ${base64(assignment.certificate)}, tls.key: ${base64(assignment.key)} }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: all, namespace: default }
spec:
  parentRefs: [{ name: bench }]
  rules: [{ backendRefs: [{ group: selvage.dev, kind: Backend, name: origin }] }]
---
apiVersion: selvage.dev/v1alpha1
kind: Backend
metadata: { name: origin, namespace: default }
spec: { endpoints: [{ address: 127.0.0.1, port: ${upstreamPort} }] }
`,
  );
  const launch = selvageLaunch(folder, folder, adminPort);
  return { ...launch, args: [...launch.args, '--access-log', join(folder, 'access.log')] };
}

function prepareHaproxy(assignment: TlsAssignment): Launch {
  const { folder, httpPort, httpsPort, upstreamPort } = assignment;
  const pem = join(folder, 'server.pem');
  writeFileSync(pem, readFileSync(assignment.certificate, 'utf8') + readFileSync(assignment.key, 'utf8'), {
    mode: 0o600,
  });
  const config = join(folder, 'haproxy.cfg');
  writeFileSync(
    config,
    `global
  nbthread 1
  maxconn 8192
  log stdout format raw local0 info
defaults
  mode http
  log global
  option httplog
  option http-keep-alive
  option forwardfor
  http-reuse always
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  timeout connect 5s
  timeout client 600s
  timeout server 60s
frontend web
  bind 127.0.0.1:${httpPort} backlog 4096
  bind 127.0.0.1:${httpsPort} ssl crt ${pem} backlog 4096
  default_backend origin
backend origin
  server origin 127.0.0.1:${upstreamPort}
`,
  );
  return { command: 'haproxy', args: ['-f', config], stdoutFile: join(folder, 'access.log') };
}
