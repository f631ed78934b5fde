import fc from 'fast-check';

/*
 * Documents of all kinds over few names, so that references meet what they name, miss it, and need permission about
 * equally often.
 */

const namespace = fc.constantFrom('a', 'b');
const name = fc.constantFrom('x', 'y');
const port = fc.constantFrom(80, 8080);
const hostname = fc.constantFrom('example.com', '*.example.com', 'shop.example.com', '*.shop.example.com');
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const gatewayGroup = 'gateway.networking.k8s.io';

const metadata = fc.record({
  name,
  namespace,
  generation: optional(fc.nat(9)),
  creationTimestamp: optional(fc.constantFrom('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z')),
});

const clusterMetadata = (names: fc.Arbitrary<string>) =>
  fc.record({ name: names, labels: fc.record({ team: fc.constantFrom('red', 'blue') }) });

const listener = fc.record({
  port,
  protocol: fc.constantFrom('HTTP', 'HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP'),
  mode: fc.constantFrom('Terminate', 'Passthrough'),
  hostname: optional(hostname),
  allowedRoutes: optional(
    fc.record({
      namespaces: fc.oneof(
        fc.record({ from: fc.constantFrom('All', 'Same') }),
        fc.constant({ from: 'Selector', selector: { matchLabels: { team: 'red' } } }),
      ),
      kinds: optional(
        fc.subarray([{ kind: 'HTTPRoute' }, { kind: 'GRPCRoute' }, { kind: 'TLSRoute' }, { kind: 'TCPRoute' }]),
      ),
    }),
  ),
  certificate: fc.record({ name, namespace: optional(namespace) }),
});

/** Secrets `x` have certificates of authorities where the test adds them; ConfigMaps never do. */
const authorityRef = fc.record({
  group: fc.constant(''),
  kind: fc.constantFrom('Secret', 'Secret', 'ConfigMap', 'Pod'),
  name,
});

const backendTls = fc.record({ clientCertificateRef: optional(fc.record({ name, namespace: optional(namespace) })) });

const frontendTls = fc.record({
  default: fc.record({
    validation: optional(
      fc.record({
        mode: optional(fc.constantFrom('AllowValidOnly', 'AllowInsecureFallback')),
        caCertificateRefs: fc.array(authorityRef, { minLength: 1, maxLength: 2 }),
      }),
    ),
  }),
});

const gateway = fc.record({
  apiVersion: fc.constant(`${gatewayGroup}/v1`),
  kind: fc.constant('Gateway'),
  metadata,
  spec: fc.record({
    gatewayClassName: fc.constantFrom('selvage', 'selvage', 'selvage', 'own', 'foreign', 'absent'),
    addresses: fc.oneof(
      { arbitrary: fc.constant([]), weight: 3 },
      fc.subarray([{ value: '127.0.0.1' }, { value: '::' }]),
      fc.constant([{ type: 'Hostname', value: 'edge.example.com' }]),
    ),
    listeners: fc.array(listener, { minLength: 1, maxLength: 4 }).map((listeners) =>
      listeners.map(({ certificate, mode, hostname: host, ...rest }, i) => ({
        ...rest,
        name: `l${i}`,
        hostname: rest.protocol === 'TCP' || rest.protocol === 'UDP' ? undefined : host,
        tls: tlsOf(rest.protocol, mode, certificate),
      })),
    ),
    tls: optional(fc.record({ backend: optional(backendTls), frontend: optional(frontendTls) })),
  }),
});

function tlsOf(protocol: string, mode: string, certificate: object): object | undefined {
  if (protocol === 'HTTPS') return { certificateRefs: [certificate] };
  if (protocol !== 'TLS') return undefined;
  return mode === 'Passthrough' ? { mode } : { mode, certificateRefs: [certificate] };
}

const gatewayClass = fc.record({
  apiVersion: fc.constant(`${gatewayGroup}/v1`),
  kind: fc.constant('GatewayClass'),
  metadata: clusterMetadata(fc.constantFrom('own', 'foreign', 'selvage')),
  spec: fc.record({ controllerName: fc.constantFrom('selvage.dev/gateway-controller', 'example.com/other') }),
});

const backendRef = fc.oneof(
  { arbitrary: fc.constant({ name: 'x', port: 80 }), weight: 4 },
  { arbitrary: fc.record({ name, namespace: optional(namespace), port }), weight: 3 },
  {
    arbitrary: fc.record({
      group: fc.constant('selvage.dev'),
      kind: fc.constant('Backend'),
      name,
      namespace: optional(namespace),
      weight: optional(fc.nat(3)),
    }),
    weight: 3,
  },
  fc.constant({ kind: 'Pod', name: 'x' }),
);

const filter = fc.oneof(
  fc.record({
    type: fc.constant('RequestMirror'),
    requestMirror: fc.record({ backendRef: backendRef.map(withoutWeight) }),
  }),
  fc.constant({ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'X-A', value: '1' }] } }),
  fc.constant({ type: 'ExtensionRef', extensionRef: { group: 'example.com', kind: 'Teapot', name: 'x' } }),
);

function withoutWeight(ref: object): object {
  return { ...ref, weight: undefined };
}

const rule = fc.record({
  matches: optional(fc.array(fc.record({ path: fc.record({ value: fc.constantFrom('/', '/a') }) }), { maxLength: 2 })),
  filters: fc.uniqueArray(filter, { selector: ({ type }) => type, maxLength: 2 }),
  backendRefs: fc.array(backendRef, { maxLength: 3 }),
});

const parentRef = fc.oneof(
  { arbitrary: fc.constant({ name: 'x', namespace: 'a' }), weight: 4 },
  fc.record({
    name,
    namespace: optional(namespace),
    sectionName: optional(fc.constantFrom('l0', 'l1')),
    port: optional(port),
  }),
  fc.constant({ group: '', kind: 'Service', name: 'x' }),
);

const httpRoute = fc.record({
  apiVersion: fc.constant(`${gatewayGroup}/v1`),
  kind: fc.constant('HTTPRoute'),
  metadata,
  spec: fc.record({
    parentRefs: fc.uniqueArray(parentRef, { selector: ({ name: parent }) => parent, minLength: 1, maxLength: 3 }),
    hostnames: fc.uniqueArray(hostname, { maxLength: 2 }),
    rules: fc.array(rule, { minLength: 1, maxLength: 2 }),
  }),
});

const grpcFilters = fc.uniqueArray(filter, { selector: ({ type }) => type, maxLength: 2 });

const grpcRoute = fc.record({
  apiVersion: fc.constant(`${gatewayGroup}/v1`),
  kind: fc.constant('GRPCRoute'),
  metadata,
  spec: fc.record({
    parentRefs: fc.uniqueArray(parentRef, { selector: ({ name: parent }) => parent, minLength: 1, maxLength: 3 }),
    hostnames: fc.uniqueArray(hostname, { maxLength: 2 }),
    rules: fc.array(
      fc.record({
        matches: fc.array(
          fc.record({
            method: optional(
              fc.record({ service: optional(fc.constantFrom('a.B', 'C')), method: fc.constantFrom('Get', 'Put') }),
            ),
          }),
          { maxLength: 2 },
        ),
        filters: grpcFilters,
        backendRefs: fc.array(backendRef, { maxLength: 3 }),
      }),
      { maxLength: 2 },
    ),
  }),
});

const streamRoute = fc
  .tuple(fc.boolean(), fc.uniqueArray(hostname, { minLength: 1, maxLength: 2 }))
  .chain(([isTls, hostnames]) =>
    fc.record({
      apiVersion: fc.constant(`${gatewayGroup}/v1`),
      kind: fc.constant(isTls ? 'TLSRoute' : 'TCPRoute'),
      metadata,
      spec: fc.record({
        parentRefs: fc.uniqueArray(parentRef, { selector: ({ name: parent }) => parent, minLength: 1, maxLength: 3 }),
        hostnames: fc.constant(isTls ? hostnames : undefined),
        rules: fc.array(fc.record({ backendRefs: fc.array(backendRef, { minLength: 1, maxLength: 2 }) }), {
          minLength: 1,
          maxLength: 1,
        }),
      }),
    }),
  );

const tlsPolicy = fc.record({
  apiVersion: fc.constant(`${gatewayGroup}/v1`),
  kind: fc.constant('BackendTLSPolicy'),
  metadata,
  spec: fc.record({
    targetRefs: fc.uniqueArray(
      fc.oneof(
        { arbitrary: fc.record({ group: fc.constant(''), kind: fc.constant('Service'), name }), weight: 3 },
        fc.record({
          group: fc.constant(''),
          kind: fc.constant('Service'),
          name,
          sectionName: fc.constantFrom('p', 'q'),
        }),
        fc.record({ group: fc.constant('selvage.dev'), kind: fc.constant('Backend'), name }),
      ),
      { selector: (ref) => `${ref.kind} ${ref.name}`, minLength: 1, maxLength: 2 },
    ),
    validation: fc.oneof(
      fc.constant({ hostname: 'x.example.com', wellKnownCACertificates: 'System' }),
      fc.record({
        hostname: fc.constant('x.example.com'),
        caCertificateRefs: fc.array(authorityRef, { minLength: 1, maxLength: 2 }),
      }),
    ),
  }),
});

const clientPolicy = fc.record({
  apiVersion: fc.constant('selvage.dev/v1alpha1'),
  kind: fc.constant('ClientTrafficPolicy'),
  metadata,
  spec: fc.record({
    targetRefs: fc.uniqueArray(fc.record({ name, sectionName: optional(fc.constantFrom('l0', 'l1')) }), {
      selector: (ref) => ref.name,
      minLength: 1,
      maxLength: 2,
    }),
    proxyProtocol: optional(fc.constant({ trusted: ['10.0.0.0/8'] })),
  }),
});

const service = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Service'),
  metadata,
  spec: fc.oneof(
    fc.record({
      ports: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom('p', 'q'),
          port,
          targetPort: optional(fc.constantFrom(80, 'http')),
          protocol: fc.constantFrom('TCP', 'TCP', 'UDP'),
          appProtocol: optional(fc.constantFrom('http', 'https', 'kubernetes.io/h2c', 'gopher')),
        }),
        { selector: (declared) => declared.name, minLength: 1, maxLength: 2 },
      ),
    }),
    fc.constant({ type: 'ExternalName', externalName: 'example.com' }),
  ),
});

const endpointSlice = fc.record({
  apiVersion: fc.constant('discovery.k8s.io/v1'),
  kind: fc.constant('EndpointSlice'),
  metadata: fc
    .record({ name: fc.constantFrom('s', 't'), namespace, of: name })
    .map(({ of, ...rest }) => ({ ...rest, labels: { 'kubernetes.io/service-name': of } })),
  addressType: fc.constant('IPv4'),
  ports: fc.uniqueArray(fc.record({ name: optional(fc.constantFrom('', 'p', 'q')), port: optional(port) }), {
    selector: (declared) => declared.name ?? '',
    maxLength: 2,
  }),
  endpoints: fc.array(
    fc.record({
      addresses: fc.constantFrom(['10.0.0.1'], ['10.0.0.2'], ['10.0.0.2', '10.0.0.3']),
      conditions: fc.record({
        ready: optional(fc.boolean()),
        serving: optional(fc.boolean()),
        terminating: optional(fc.boolean()),
      }),
    }),
    { maxLength: 3 },
  ),
});

const backend = fc.record({
  apiVersion: fc.constant('selvage.dev/v1alpha1'),
  kind: fc.constant('Backend'),
  metadata,
  spec: fc.record({
    endpoints: fc.constantFrom([{ address: '127.0.0.1', port: 9000 }], [{ address: 'web.example.com', port: 80 }]),
    appProtocol: optional(fc.constantFrom('grpc', 'https', 'tcp')),
  }),
});

const referenceGrant = fc.record({
  apiVersion: fc.constant(`${gatewayGroup}/v1beta1`),
  kind: fc.constant('ReferenceGrant'),
  metadata,
  spec: fc.record({
    from: fc.array(
      fc.record({
        group: fc.constant(gatewayGroup),
        kind: fc.constantFrom('HTTPRoute', 'GRPCRoute', 'TLSRoute', 'Gateway'),
        namespace,
      }),
      {
        minLength: 1,
        maxLength: 2,
      },
    ),
    to: fc.array(
      fc.oneof(
        fc.record({ group: fc.constant(''), kind: fc.constantFrom('Service', 'Secret'), name: optional(name) }),
        fc.record({ group: fc.constant('selvage.dev'), kind: fc.constant('Backend'), name: optional(name) }),
      ),
      { minLength: 1, maxLength: 2 },
    ),
  }),
});

const secret = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Secret'),
  metadata,
  stringData: fc.constant({ password: 'secret' }),
});

const declaredNamespace = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Namespace'),
  metadata: clusterMetadata(namespace),
});

const toAll = { allowedRoutes: { namespaces: { from: 'All' } } };

/** A gateway that most routes find and that takes all of them. */
const openGateway = {
  apiVersion: `${gatewayGroup}/v1`,
  kind: 'Gateway',
  metadata: { name: 'x', namespace: 'a' },
  spec: {
    gatewayClassName: 'selvage',
    listeners: [
      { name: 'l0', port: 80, protocol: 'HTTP', ...toAll },
      { name: 'l1', port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' }, ...toAll },
      {
        name: 'l2',
        port: 444,
        protocol: 'TLS',
        tls: { certificateRefs: [{ name: 'x', namespace: 'certs' }] },
        ...toAll,
      },
      { name: 'l3', port: 5432, protocol: 'TCP', ...toAll },
    ],
    tls: { backend: { clientCertificateRef: { name: 'x', namespace: 'certs' } } },
  },
};

const openGrant = {
  apiVersion: `${gatewayGroup}/v1`,
  kind: 'ReferenceGrant',
  metadata: { name: 'all', namespace: 'certs' },
  spec: {
    from: [{ group: gatewayGroup, kind: 'Gateway', namespace: 'a' }],
    to: [{ group: '', kind: 'Secret' }],
  },
};

const openService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'x', namespace: 'a' },
  spec: { ports: [{ name: 'p', port: 80 }] },
};

const openPolicy = {
  apiVersion: `${gatewayGroup}/v1`,
  kind: 'BackendTLSPolicy',
  metadata: { name: 'open', namespace: 'a' },
  spec: {
    targetRefs: [{ group: '', kind: 'Service', name: 'x' }],
    validation: { hostname: 'x.example.com', wellKnownCACertificates: 'System' },
  },
};

/** Documents that the model takes nearly always. */
export const arbitraryDocuments: fc.Arbitrary<readonly object[]> = fc
  .tuple(
    fc.oneof(
      { arbitrary: fc.constant([openGateway, openGrant, openService]), weight: 3 },
      fc.constant([openGateway, openGrant, openService, openPolicy]),
      fc.constant([]),
    ),
    fc.array(
      fc.oneof(
        { arbitrary: gateway, weight: 3 },
        { arbitrary: httpRoute, weight: 4 },
        { arbitrary: grpcRoute, weight: 2 },
        { arbitrary: streamRoute, weight: 2 },
        { arbitrary: tlsPolicy, weight: 2 },
        { arbitrary: clientPolicy, weight: 1 },
        { arbitrary: service, weight: 3 },
        { arbitrary: endpointSlice, weight: 2 },
        { arbitrary: backend, weight: 2 },
        { arbitrary: referenceGrant, weight: 2 },
        { arbitrary: gatewayClass, weight: 1 },
        { arbitrary: secret, weight: 1 },
        { arbitrary: declaredNamespace, weight: 1 },
      ),
      { minLength: 3, maxLength: 16, size: 'max' },
    ),
  )
  .map(([open, others]) => [...open, ...others]);
