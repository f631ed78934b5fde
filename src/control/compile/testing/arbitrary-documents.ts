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
  protocol: fc.constantFrom('HTTP', 'HTTP', 'HTTPS', 'TCP'),
  hostname: optional(hostname),
  allowedRoutes: optional(
    fc.record({
      namespaces: fc.oneof(
        fc.record({ from: fc.constantFrom('All', 'Same') }),
        fc.constant({ from: 'Selector', selector: { matchLabels: { team: 'red' } } }),
      ),
      kinds: optional(fc.subarray([{ kind: 'HTTPRoute' }, { kind: 'GRPCRoute' }])),
    }),
  ),
  certificate: fc.record({ name, namespace: optional(namespace) }),
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
      listeners.map(({ certificate, hostname: host, ...rest }, i) => ({
        ...rest,
        name: `l${i}`,
        hostname: rest.protocol === 'TCP' ? undefined : host,
        tls: rest.protocol === 'HTTPS' ? { certificateRefs: [certificate] } : undefined,
      })),
    ),
  }),
});

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
      fc.record({ group: fc.constant(gatewayGroup), kind: fc.constantFrom('HTTPRoute', 'Gateway'), namespace }),
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

/** A gateway that most routes find and that takes all of them. */
const openGateway = {
  apiVersion: `${gatewayGroup}/v1`,
  kind: 'Gateway',
  metadata: { name: 'x', namespace: 'a' },
  spec: {
    gatewayClassName: 'selvage',
    listeners: [{ name: 'l0', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }],
  },
};

const openService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'x', namespace: 'a' },
  spec: { ports: [{ name: 'p', port: 80 }] },
};

/** Documents that the model takes nearly always. */
export const arbitraryDocuments: fc.Arbitrary<readonly object[]> = fc
  .tuple(
    fc.oneof({ arbitrary: fc.constant([openGateway, openService]), weight: 4 }, fc.constant([])),
    fc.array(
      fc.oneof(
        { arbitrary: gateway, weight: 3 },
        { arbitrary: httpRoute, weight: 4 },
        { arbitrary: service, weight: 3 },
        { arbitrary: endpointSlice, weight: 2 },
        { arbitrary: backend, weight: 2 },
        { arbitrary: referenceGrant, weight: 2 },
        { arbitrary: gatewayClass, weight: 1 },
        { arbitrary: secret, weight: 1 },
        { arbitrary: declaredNamespace, weight: 1 },
      ),
      { minLength: 3, maxLength: 12, size: 'max' },
    ),
  )
  .map(([open, others]) => [...open, ...others]);
