import type { AuthorizationCondition, AuthorizationResource, AuthorizationRule } from '../authorization.ts';
import type {
  ClientValidation,
  ListenerLimits,
  ListenerResource,
  ListenerTls,
  ProxyProtocolReading,
} from '../listener.ts';
import type { GatewayResource } from '../gateway.ts';
import type { MeshServicePort, MeshServiceResource } from '../mesh-service.ts';
import type { SnapshotResource } from '../snapshot.ts';
import type { TrustBundleResource } from '../trust-bundle.ts';
import type { WorkloadPort, WorkloadResource } from '../workload.ts';
import { certificate, cluster, endpoints } from './backend-shapes.ts';
import { type Check, fields, flag, list, number, oneOf, orAbsent, orNull, port, text } from './check.ts';
import { filters, levels } from './filter-shapes.ts';
import { httpRoute, streamRoute } from './route-shapes.ts';

// An attribute that this proxy does not know is no fault of the form: the policy then refuses whom it is about.
const conditions = list(fields<AuthorizationCondition>({ attribute: text, negated: flag, values: list(text) }));

const authorization = fields<AuthorizationResource>({
  type: text,
  name: text,
  version: text,
  action: oneOf('ALLOW', 'DENY'),
  audit: flag,
  exemptPaths: list(text),
  rules: list(fields<AuthorizationRule>({ name: text, from: list(conditions), to: list(conditions) })),
  fault: orNull(text),
});

const listenerLimits = fields<ListenerLimits>({
  idleTimeoutMs: number,
  headTimeoutMs: number,
  streamIdleTimeoutMs: number,
  tcpIdleTimeoutMs: number,
  fieldBytes: number,
  fieldCount: number,
  targetBytes: number,
  methodBytes: number,
  chunkExtensionBytes: number,
  concurrentStreams: number,
  streamWindowBytes: number,
  connectionWindowBytes: number,
});

const listener = fields<ListenerResource>({
  type: text,
  name: text,
  version: text,
  gateway: text,
  address: text,
  port: number,
  protocol: oneOf('HTTP', 'HTTPS', 'TLS', 'TCP'),
  hostname: text,
  tls: orNull(
    fields<ListenerTls>({
      minVersion: oneOf('1.2', '1.3'),
      certificates: list(text),
      clientValidation: orNull(fields<ClientValidation>({ caCertificates: text, optional: flag })),
    }),
  ),
  proxyProtocol: orNull(fields<ProxyProtocolReading>({ mode: oneOf('required', 'optional'), trusted: list(text) })),
  limits: orNull(listenerLimits),
  authorization: orAbsent(levels),
});

const protocol = oneOf('http', 'http2', 'tcp');

const workload = fields<WorkloadResource>({
  type: text,
  name: text,
  version: text,
  principal: text,
  ports: list(
    fields<WorkloadPort>({ port, protocol, mtls: oneOf('STRICT', 'PERMISSIVE'), exemptPaths: list(text), filters }),
  ),
  egress: oneOf('AllowAny', 'RegistryOnly'),
  hosts: orAbsent(list(text)),
});

const meshService = fields<MeshServiceResource>({
  type: text,
  name: text,
  version: text,
  hostnames: list(text),
  addresses: orAbsent(list(text)),
  ports: list(
    fields<MeshServicePort>({ port, protocol, cluster: text, sealed: orAbsent(flag), routes: orAbsent(list(text)) }),
  ),
});

const gateway = fields<GatewayResource>({ type: text, name: text, version: text, problem: orNull(text) });

const trustBundle = fields<TrustBundleResource>({
  type: text,
  name: text,
  version: text,
  bundleVersion: number,
  roots: list(text),
  renewal: orNull(fields<NonNullable<TrustBundleResource['renewal']>>({ root: text, withinMs: number })),
});

const SHAPES: Readonly<Record<SnapshotResource['type'], Check>> = {
  cluster,
  endpoints,
  certificate,
  authorization,
  listener,
  'http-route': httpRoute,
  'stream-route': streamRoute,
  workload,
  'mesh-service': meshService,
  gateway,
  'trust-bundle': trustBundle,
};

/**
 * Judges whether a resource has the form of its type: what comes from a control plane may be of another version, or
 * nonsense, and a proxy that began to use it could not go back.
 *
 * @param resource has at least a type that is known
 * @returns what is wrong, as in `its limits.requests is no number`; '' where nothing is
 */
export function shapeProblem(resource: { readonly type: SnapshotResource['type'] }): string {
  const problem = SHAPES[resource.type](resource);
  return problem === '' ? '' : `its ${problem.replace(/^\./, '')}`;
}
