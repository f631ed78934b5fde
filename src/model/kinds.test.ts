import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backendTLS } from './backend.ts';
import { parseDocuments } from './documents.ts';
import { resourceKey, resourceTitle } from './resource.ts';
import { describeKinds } from './schema-reference.ts';
import { accepted, assertOneError } from './testing/declared.ts';

const core = (kind: string, fields: object, name = 'web') => ({
  apiVersion: 'v1',
  kind,
  metadata: { name },
  ...fields,
});
const standard = (kind: string, fields: object) => ({
  ...core(kind, fields),
  apiVersion: 'gateway.networking.k8s.io/v1',
});
const slice = (fields: object) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ...fields,
});
const backend = (spec: object) => ({
  apiVersion: 'selvage.dev/v1alpha1',
  kind: 'Backend',
  metadata: { name: 'legacy' },
  spec: { endpoints: [{ address: 'legacy.example.com', port: 443 }], ...spec },
});
const service = (spec: object) => core('Service', { spec });
const http = { port: 80 };
const grant = (spec: object) =>
  standard('ReferenceGrant', {
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }],
      to: [{ group: '', kind: 'Service' }],
      ...spec,
    },
  });
const gatewayClass = (spec: object) =>
  standard('GatewayClass', { spec: { controllerName: 'selvage.dev/gateway-controller', ...spec } });

describe('metadata', () => {
  test('gets its defaults', () => {
    assert.deepEqual(accepted('Namespace', core('Namespace', {})).metadata, {
      name: 'web',
      namespace: '',
      labels: {},
      annotations: {},
    });
    assert.equal(accepted('Service', service({ ports: [http] })).metadata.namespace, 'default');
  });

  test('keeps what the model has and ignores what the Kubernetes API adds', () => {
    const metadata = {
      name: 'a',
      labels: { 'app.kubernetes.io/name': 'a' },
      creationTimestamp: '2026-01-31T12:00:00Z',
      generation: 3,
      uid: '0b5e',
      resourceVersion: '12',
      managedFields: [{ manager: 'kubectl' }],
      ownerReferences: [],
      finalizers: ['x'],
      deletionTimestamp: null,
    };
    assert.deepEqual(
      accepted('Namespace', {
        ...core('Namespace', { status: { phase: 'Active' }, spec: { finalizers: [] } }),
        metadata,
      }).metadata,
      {
        name: 'a',
        namespace: '',
        labels: { 'app.kubernetes.io/name': 'a' },
        annotations: {},
        creationTimestamp: '2026-01-31T12:00:00Z',
        generation: 3,
        uid: '0b5e',
      },
    );
  });

  const cases: [string, object, string, RegExp][] = [
    ['missing', { ...core('Namespace', {}), metadata: null }, 'metadata', /required field is missing; expected a map/],
    ['without name', { ...core('Namespace', {}), metadata: {} }, 'metadata.name', /required field is missing/],
    ['with an empty name', core('Namespace', {}, ''), 'metadata.name', /an empty string/],
    ['with a name in capitals', core('Namespace', {}, 'Web'), 'metadata.name', /malformed value "Web"/],
    [
      'with a label that is a number',
      { ...core('Namespace', {}), metadata: { name: 'a', labels: { v: 1 } } },
      'metadata.labels.v',
      /found the number 1; expected a string \(put it in quotes\)/,
    ],
    [
      'with a namespace where there is none',
      { ...gatewayClass({}), metadata: { name: 'a', namespace: 'b' } },
      'metadata.namespace',
      /cluster-scoped/,
    ],
    [
      'with a time that is none',
      { ...core('Namespace', {}), metadata: { name: 'a', creationTimestamp: 'now' } },
      'metadata.creationTimestamp',
      /a time such as/,
    ],
    [
      'with an unknown field',
      { ...core('Namespace', {}), metadata: { name: 'a', label: {} } },
      'metadata.label',
      /did you mean labels\?/,
    ],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});

describe('Service', () => {
  test('gets its defaults; the target port is the port', () => {
    const { spec } = accepted(
      'Service',
      service({
        selector: { app: 'web' },
        ports: [http, { port: 443, name: 'tls', targetPort: 'https' }].map((port, i) => ({ name: `p${i}`, ...port })),
      }),
    );
    assert.deepEqual(spec.ports[0], { name: 'p0', protocol: 'TCP', port: 80, targetPort: 80 });
    assert.equal(spec.ports[1]?.targetPort, 'https');
    assert.equal(spec.type, 'ClusterIP');
  });

  test('is loaded as the Kubernetes API exports it', () => {
    accepted(
      'Service',
      core('Service', {
        spec: {
          allocateLoadBalancerNodePorts: true,
          clusterIP: '10.96.0.12',
          clusterIPs: ['10.96.0.12'],
          externalTrafficPolicy: 'Cluster',
          internalTrafficPolicy: 'Cluster',
          ipFamilies: ['IPv4'],
          ipFamilyPolicy: 'SingleStack',
          loadBalancerSourceRanges: ['192.0.2.0/24'],
          ports: [
            {
              appProtocol: 'kubernetes.io/h2c',
              name: 'grpc',
              nodePort: 30_080,
              port: 80,
              protocol: 'TCP',
              targetPort: 8080,
            },
          ],
          selector: { 'app.kubernetes.io/name': 'web' },
          sessionAffinity: 'ClientIP',
          sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
          type: 'LoadBalancer',
        },
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
      }),
    );
  });

  test('may be headless without ports, or stand for a DNS name', () => {
    accepted('Service', service({ clusterIP: 'None' }));
    accepted('Service', service({ type: 'ExternalName', externalName: 'db.example.com' }));
  });

  const cases: [string, object, string, RegExp][] = [
    ['no ports', service({}), 'spec.ports', /only headless services/],
    [
      'several ports without names',
      service({ ports: [http, { port: 81, name: 'b' }] }),
      'spec.ports[0].name',
      /several ports/,
    ],
    [
      'two ports of one name',
      service({
        ports: [
          { port: 80, name: 'b' },
          { port: 81, name: 'b' },
        ],
      }),
      'spec.ports[1].name',
      /already used/,
    ],
    [
      'a port twice',
      service({
        ports: [
          { port: 80, name: 'a' },
          { port: 80, name: 'b' },
        ],
      }),
      'spec.ports[1].port',
      /TCP port 80 is already used/,
    ],
    [
      'a target port out of range',
      service({ ports: [{ port: 80, targetPort: 0 }] }),
      'spec.ports[0].targetPort',
      /found 0; expected at least 1/,
    ],
    [
      'a target port without a letter',
      service({ ports: [{ port: 80, targetPort: '80' }] }),
      'spec.ports[0].targetPort',
      /with a letter/,
    ],
    [
      'an external name that is missing',
      service({ type: 'ExternalName' }),
      'spec.externalName',
      /required for type ExternalName/,
    ],
    [
      'a node port without address',
      service({ type: 'NodePort', clusterIP: 'None', ports: [http] }),
      'spec.clusterIP',
      /cannot be headless/,
    ],
    ['an unknown type', service({ type: 'Loadbalancer', ports: [http] }), 'spec.type', /did you mean LoadBalancer\?/],
    [
      'a cluster address that is none',
      service({ clusterIP: 'none', ports: [http] }),
      'spec.clusterIP',
      /malformed cluster address/,
    ],
    [
      'a name that starts with a digit',
      { ...service({ ports: [http] }), metadata: { name: '1a' } },
      'metadata.name',
      /a letter first/,
    ],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});

describe('EndpointSlice', () => {
  test('gets its defaults', () => {
    const { endpoints, ports } = accepted(
      'EndpointSlice',
      slice({
        endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'], conditions: { ready: false } }],
        ports: [{ port: 80 }],
      }),
    );
    assert.deepEqual(
      endpoints.map(({ conditions }) => conditions),
      [
        { ready: true, serving: true, terminating: false },
        { ready: false, serving: false, terminating: false },
      ],
    );
    assert.deepEqual(ports, [{ name: '', protocol: 'TCP', port: 80 }]);
  });

  test('is loaded as the Kubernetes API exports it', () => {
    accepted(
      'EndpointSlice',
      slice({
        endpoints: [
          {
            addresses: ['10.0.0.1'],
            conditions: { ready: false, serving: true, terminating: true },
            hostname: 'web-0',
            nodeName: 'node-1',
            zone: 'a',
            targetRef: { kind: 'Pod', name: 'web-0', namespace: 'shop', uid: 'x' },
            hints: { forZones: [{ name: 'a' }] },
          },
        ],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'http' }],
      }),
    );
    accepted('EndpointSlice', slice({ endpoints: null, ports: null }));
    accepted('EndpointSlice', slice({ addressType: 'IPv6', endpoints: [{ addresses: ['2001:db8::1'] }] }));
    accepted('EndpointSlice', slice({ addressType: 'FQDN', endpoints: [{ addresses: ['web.example.com'] }] }));
  });

  const cases: [string, object, string, RegExp][] = [
    [
      'an unknown address type',
      slice({ addressType: 'ipv4', endpoints: [{ addresses: ['10.0.0.1'] }] }),
      'addressType',
      /did you mean IPv4\?/,
    ],
    [
      'an address of another type',
      slice({ endpoints: [{ addresses: ['::1'] }] }),
      'endpoints[0].addresses[0]',
      /for addressType IPv4; expected an IPv4 address/,
    ],
    [
      'an address where a name must be',
      slice({ addressType: 'FQDN', endpoints: [{ addresses: ['10.0.0.1'] }] }),
      'endpoints[0].addresses[0]',
      /a DNS name/,
    ],
    [
      'an endpoint without address',
      slice({ endpoints: [{ addresses: [] }] }),
      'endpoints[0].addresses',
      /at least 1 item/,
    ],
    ['two ports of one name', slice({ ports: [{ port: 1 }, { port: 2 }] }), 'ports[1].name', /already used/],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }

  test('of no service is loaded with a warning', () => {
    const { resources, diagnostics } = parseDocuments(
      'e.yaml',
      JSON.stringify({ ...slice({}), metadata: { name: 'a' } }),
    );
    assert.equal(resources.length, 1);
    assert.deepEqual(
      diagnostics.map(({ severity, fieldPath }) => [severity, fieldPath]),
      [['warning', 'metadata.labels']],
    );
  });
});

describe('Backend', () => {
  test('gets its defaults', () => {
    assert.deepEqual(accepted('Backend', backend({})).spec, {
      endpoints: [{ address: 'legacy.example.com', port: 443, weight: 1 }],
      dns: { refreshInterval: '30s', ipFamily: 'Any' },
      loadBalancing: { type: 'LeastRequest' },
      connectTimeout: '5s',
    });
  });

  test('is called by names that no Service can have', () => {
    accepted('Backend', backend({ hostnames: ['api.example.com', 'a.b'] }));
    assertOneError(backend({ hostnames: ['api'] }), 'spec.hostnames[0]', /a name with a dot/);
    assertOneError(backend({ hostnames: ['a.b', 'a.b'] }), 'spec.hostnames[1]', /already/);
    assertOneError(backend({ hostnames: [] }), 'spec.hostnames', /./);
  });

  for (const address of [
    '127.0.0.1',
    '::1',
    '2001:db8::1',
    'localhost',
    'my_service',
    'a.example.com.',
    '3scale.example',
  ]) {
    test(`takes the address ${address}`, () => {
      accepted('Backend', backend({ endpoints: [{ address, port: 80 }] }));
    });
  }

  for (const address of [
    '300.1.1.1',
    '127.0.0',
    '[::1]',
    'http://a.example',
    'a.example:80',
    'a.example/x',
    '-a',
    'a..b',
    'fe80::1%eth0',
    `${'a'.repeat(64)}.b`,
  ]) {
    test(`refuses the address ${address.slice(0, 20)}`, () => {
      assertOneError(
        backend({ endpoints: [{ address, port: 80 }] }),
        'spec.endpoints[0].address',
        /no scheme, port or path/,
      );
    });
  }

  const at = (...addresses: string[]) => ({ endpoints: addresses.map((address) => ({ address, port: 443 })) });

  test('may use every field of TLS', () => {
    const declared = accepted(
      'Backend',
      backend({
        appProtocol: 'kubernetes.io/wss',
        tls: {
          hostname: 'shop.example.com',
          subjectAltNames: [
            { type: 'Hostname', hostname: '*.example.com' },
            { type: 'URI', uri: 'spiffe://example.org/ns/shop/sa/cart' },
          ],
          caCertificateRefs: [
            { kind: 'ConfigMap', name: 'ca' },
            { group: '', kind: 'Secret', name: 'ca' },
          ],
          clientCertificateRef: { name: 'client' },
        },
        proxyProtocol: 'V2',
      }),
    );
    assert.deepEqual(backendTLS(declared), declared.spec.tls);
    assert.deepEqual(declared.spec.tls?.clientCertificateRef, { group: '', kind: 'Secret', name: 'client' });
  });

  test('speaks TLS where tls is given, also without a protocol', () => {
    const declared = accepted('Backend', backend({ tls: { wellKnownCACertificates: 'System' } }));
    assert.equal(declared.spec.appProtocol, 'https');
    assert.equal(backendTLS(declared)?.hostname, 'legacy.example.com');
  });

  test('trusts public authorities for its only DNS name where only the protocol asks for TLS', () => {
    const declared = accepted('Backend', backend({ appProtocol: 'https', ...at('Legacy.example.com.') }));
    assert.deepEqual(backendTLS(declared), {
      hostname: 'legacy.example.com',
      caCertificateRefs: [],
      subjectAltNames: [],
    });
  });

  test('speaks no TLS unless it says so', () => {
    assert.equal(backendTLS(accepted('Backend', backend({}))), undefined);
    assert.equal(backendTLS(accepted('Backend', backend({ appProtocol: 'grpc', ...at('::1') }))), undefined);
  });

  const cases: [string, object, string, RegExp][] = [
    ...['http', 'grpc', 'kubernetes.io/h2c', 'kubernetes.io/ws', 'tcp'].map(
      (appProtocol): [string, object, string, RegExp] => [
        `TLS with protocol ${appProtocol}`,
        backend({ appProtocol, tls: {} }),
        'spec.tls',
        /which is spoken without TLS; expected appProtocol https/,
      ],
    ),
    [
      'TLS to an address without a name',
      backend({ tls: {}, ...at('192.0.2.1') }),
      'spec.tls.hostname',
      /the name that their certificate is for/,
    ],
    [
      'TLS to two names without one',
      backend({ appProtocol: 'tls', ...at('a.example', 'b.example') }),
      'spec.tls.hostname',
      /do not all have the same DNS name/,
    ],
    [
      'authorities from two places',
      backend({ tls: { wellKnownCACertificates: 'System', caCertificateRefs: [{ kind: 'Secret', name: 'a' }] } }),
      'spec.tls.wellKnownCACertificates',
      /one of the two/,
    ],
    [
      'authorities out of another group',
      backend({ tls: { caCertificateRefs: [{ group: 'a.example', kind: 'Secret', name: 'a' }] } }),
      'spec.tls.caCertificateRefs[0].group',
      /the core group/,
    ],
    [
      'authorities of no kind',
      backend({ tls: { caCertificateRefs: [{ name: 'a' }] } }),
      'spec.tls.caCertificateRefs[0].kind',
      /one of ConfigMap, Secret/,
    ],
    [
      'authorities that are not known',
      backend({ tls: { wellKnownCACertificates: 'Mozilla' } }),
      'spec.tls.wellKnownCACertificates',
      /expected System/,
    ],
    [
      'a certificate out of a ConfigMap',
      backend({ tls: { clientCertificateRef: { kind: 'ConfigMap', name: 'a' } } }),
      'spec.tls.clientCertificateRef.kind',
      /expected Secret/,
    ],
    [
      'a wish not to verify',
      backend({ tls: { insecureSkipVerify: true } }),
      'spec.tls.insecureSkipVerify',
      /unknown field/,
    ],
    ['an unknown PROXY protocol', backend({ proxyProtocol: 'v2' }), 'spec.proxyProtocol', /did you mean V2\?/],
    ['no endpoint', backend({ endpoints: [] }), 'spec.endpoints', /at least 1 item/],
    [
      '101 endpoints',
      backend({ endpoints: Array.from({ length: 101 }, (_, i) => ({ address: 'a', port: i + 1 })) }),
      'spec.endpoints',
      /at most 100 items/,
    ],
    [
      'an endpoint twice',
      backend({
        endpoints: [
          { address: 'a', port: 1 },
          { address: 'A', port: 1 },
        ],
      }),
      'spec.endpoints[1].address',
      /already used/,
    ],
    [
      'a weight of zero',
      backend({ endpoints: [{ address: 'a', port: 1, weight: 0 }] }),
      'spec.endpoints[0].weight',
      /from 1 to 1000/,
    ],
    ['an unknown protocol', backend({ appProtocol: 'h2c' }), 'spec.appProtocol', /did you mean kubernetes.io\/h2c\?/],
    ['no time to connect', backend({ connectTimeout: '0s' }), 'spec.connectTimeout', /longer than zero/],
    [
      'a refresh interval that is none',
      backend({ dns: { refreshInterval: '30' } }),
      'spec.dns.refreshInterval',
      /a duration such as/,
    ],
    [
      'an unknown balancer',
      backend({ loadBalancing: { type: 'RoundRobbin' } }),
      'spec.loadBalancing.type',
      /did you mean RoundRobin\?/,
    ],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});

describe('ReferenceGrant', () => {
  test('is one form for v1 and v1beta1', () => {
    const { apiVersion } = accepted('ReferenceGrant', {
      ...grant({}),
      apiVersion: 'gateway.networking.k8s.io/v1beta1',
    });
    assert.equal(apiVersion, 'gateway.networking.k8s.io/v1');
  });

  const cases: [string, object, string, RegExp][] = [
    ['nobody who may refer', grant({ from: [] }), 'spec.from', /at least 1 item/],
    [
      '17 referents',
      grant({ to: Array.from({ length: 17 }, () => ({ group: '', kind: 'Service' })) }),
      'spec.to',
      /at most 16 items/,
    ],
    ['no namespace', grant({ from: [{ group: '', kind: 'Gateway' }] }), 'spec.from[0].namespace', /required/],
    ['no group', grant({ to: [{ kind: 'Service' }] }), 'spec.to[0].group', /required/],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});

describe('GatewayClass', () => {
  test('belongs to no namespace', () => {
    const resource = accepted('GatewayClass', gatewayClass({ description: 'edge' }));
    assert.equal(resourceKey(resource), 'GatewayClass//web');
    assert.equal(resourceTitle(resource), 'GatewayClass web');
  });

  test('is refused for a controller name without path', () => {
    assertOneError(
      gatewayClass({ controllerName: 'selvage.dev' }),
      'spec.controllerName',
      /a DNS name, "\/" and a path/,
    );
  });
});

test('resourceKey tells kind, namespace and name', () => {
  assert.equal(resourceKey(accepted('Service', service({ ports: [http] }))), 'Service/default/web');
});

test('resources are frozen through and through, and JSON as they are', () => {
  const resource = accepted('Backend', backend({}));
  assert.throws(() => (resource.spec.endpoints as unknown[]).push(1), TypeError);
  assert.throws(() => Object.assign(resource.spec.dns, { ipFamily: 'IPv4' }), TypeError);
  assert.deepEqual(JSON.parse(JSON.stringify(resource)), resource);
});

test('describeKinds tells of every field what it is for', () => {
  const silent: string[] = [];
  const walk = (schema: Record<string, unknown>, path: string): void => {
    for (const [name, field] of Object.entries(
      (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>,
    )) {
      const ignored = Object.keys(field).length === 0;
      if (!ignored && name !== 'spec' && name !== 'metadata' && field['description'] === undefined)
        silent.push(`${path}.${name}`);
      walk(field, `${path}.${name}`);
    }
    if (typeof schema['items'] === 'object') walk(schema['items'] as Record<string, unknown>, `${path}[]`);
  };
  for (const { kind, jsonSchema } of describeKinds()) walk(jsonSchema, kind);
  assert.deepEqual(silent, []);
});
