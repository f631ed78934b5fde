import type { CertificateResource } from '../certificate.ts';
import type { ClusterLimits, ClusterResource, ClusterTls, DnsPolicy, SubjectAltName } from '../cluster.ts';
import type { EndpointsResource, EndpointSpec, MeshEndpoint } from '../endpoints.ts';
import { type Check, fields, list, number, oneOf, orAbsent, orNull, port, text } from './check.ts';

const tls = fields<ClusterTls>({
  hostname: text,
  caCertificates: orNull(text),
  subjectAltNames: list(fields<SubjectAltName>({ type: oneOf('Hostname', 'URI'), value: text })),
  clientCertificate: orNull(text),
});

export const cluster: Check = fields<ClusterResource>({
  type: text,
  name: text,
  version: text,
  protocol: oneOf('http1', 'http2'),
  tls: orNull(tls),
  proxyProtocol: oneOf(0, 1, 2),
  loadBalancing: oneOf('LeastRequest', 'RoundRobin', 'Random'),
  connectTimeoutMs: number,
  limits: fields<ClusterLimits>({ connections: number, pendingRequests: number, requests: number }),
  dns: fields<DnsPolicy>({ refreshIntervalMs: number, ipFamily: oneOf('Any', 'IPv4', 'IPv6') }),
  service: fields<ClusterResource['service']>({ name: text, namespace: text }),
});

const endpoint = fields<EndpointSpec>({
  address: text,
  port,
  weight: number,
  zone: text,
  state: oneOf('ready', 'draining'),
  // An older control plane may say nothing of it.
  mesh: orAbsent(orNull(fields<MeshEndpoint>({ port, principal: text }))),
});

export const endpoints: Check = fields<EndpointsResource>({
  type: text,
  name: text,
  version: text,
  endpoints: list(endpoint),
});

export const certificate: Check = fields<CertificateResource>({
  type: text,
  name: text,
  version: text,
  certificateChain: text,
  privateKey: text,
});
