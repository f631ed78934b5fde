import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDocuments } from './documents.ts';
import { accepted, assertOneError, warningsIn } from './testing/declared.ts';
import { minTlsVersion } from './tls-options.ts';

const gateway = (spec: object) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'edge', namespace: 'shop' },
  spec: { gatewayClassName: 'selvage', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }], ...spec },
});
const withListeners = (...listeners: object[]) =>
  gateway({
    listeners: listeners.map((listener, i) => ({ name: `l${i}`, port: 8000 + i, protocol: 'HTTP', ...listener })),
  });
const certificateRefs = [{ name: 'cert' }];

describe('Gateway that is right', () => {
  test('gets the defaults of the standard', () => {
    const { spec } = accepted('Gateway', gateway({}));
    assert.deepEqual(spec.listeners, [
      { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'Same' }, kinds: [] } },
    ]);
    assert.deepEqual(spec.addresses, []);
  });

  test('terminates TLS unless it says otherwise', () => {
    const { spec } = accepted('Gateway', withListeners({ protocol: 'HTTPS', tls: { certificateRefs } }));
    assert.deepEqual(spec.listeners[0]?.tls, {
      mode: 'Terminate',
      certificateRefs: [{ group: '', kind: 'Secret', name: 'cert' }],
      options: {},
    });
  });

  test('may listen on one port for several host names and once for all', () => {
    const common = { port: 443, protocol: 'HTTPS', tls: { certificateRefs } };
    accepted(
      'Gateway',
      withListeners(common, { ...common, hostname: 'a.example' }, { ...common, hostname: '*.example' }),
    );
  });

  test('may use every field', () => {
    accepted(
      'Gateway',
      gateway({
        addresses: [
          { value: '192.0.2.1' },
          { type: 'IPAddress', value: '2001:db8::1' },
          { type: 'Hostname', value: 'a.example' },
          {},
        ],
        infrastructure: {
          labels: { a: 'b' },
          annotations: { 'a.example/b': 'c' },
          parametersRef: { group: '', kind: 'ConfigMap', name: 'x' },
        },
        allowedListeners: { namespaces: { from: 'All' } },
        listeners: [
          {
            name: 'tls',
            port: 443,
            protocol: 'TLS',
            hostname: '*.example.com',
            tls: { mode: 'Passthrough' },
            allowedRoutes: {
              kinds: [{ kind: 'TLSRoute' }],
              namespaces: {
                from: 'Selector',
                selector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a'] }] },
              },
            },
          },
        ],
        tls: {
          backend: { clientCertificateRef: { name: 'client' } },
          frontend: {
            default: { validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] } },
            perPort: [{ port: 443, tls: {} }],
          },
        },
      }),
    );
  });
});

describe('Gateway with one fault', () => {
  const manyLabels = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`l${i}`, 'x']));
  const cases: [string, object, string, RegExp][] = [
    ['no listener', gateway({ listeners: [] }), 'spec.listeners', /at least 1 item/],
    ['no class', gateway({ gatewayClassName: null }), 'spec.gatewayClassName', /required field is missing/],
    [
      'a port out of range',
      withListeners({ port: 70_000 }),
      'spec.listeners[0].port',
      /found 70000; expected an integer from 1 to 65535/,
    ],
    [
      'a port that is a fraction',
      withListeners({ port: 80.5 }),
      'spec.listeners[0].port',
      /found the number 80.5; expected an integer from 1 to 65535/,
    ],
    [
      'TLS on HTTP',
      withListeners({ tls: { certificateRefs } }),
      'spec.listeners[0].tls',
      /must not be given for protocol HTTP/,
    ],
    [
      'TLS on TCP',
      withListeners({ protocol: 'TCP', tls: { certificateRefs } }),
      'spec.listeners[0].tls',
      /must not be given for protocol TCP/,
    ],
    [
      'passthrough on HTTPS',
      withListeners({ protocol: 'HTTPS', tls: { mode: 'Passthrough' } }),
      'spec.listeners[0].tls.mode',
      /for protocol HTTPS; expected Terminate/,
    ],
    ['no TLS on TLS', withListeners({ protocol: 'TLS' }), 'spec.listeners[0].tls', /required field is missing/],
    [
      'a host name on UDP',
      withListeners({ protocol: 'UDP', hostname: 'a' }),
      'spec.listeners[0].hostname',
      /must not be given for protocol UDP/,
    ],
    [
      'termination without certificate',
      withListeners({ protocol: 'HTTPS', tls: {} }),
      'spec.listeners[0].tls.certificateRefs',
      /needs a certificate/,
    ],
    [
      'two listeners of one name',
      withListeners({ name: 'a' }, { name: 'a' }),
      'spec.listeners[1].name',
      /"a" is already used by item 0/,
    ],
    [
      'two listeners in one place',
      withListeners({ port: 80 }, { port: 80 }),
      'spec.listeners[1]',
      /port 80 with protocol "HTTP" and no hostname is already used/,
    ],
    [
      'two listeners for one host',
      withListeners({ port: 80, hostname: 'a' }, { port: 80, hostname: 'a' }),
      'spec.listeners[1]',
      /hostname "a" is already used/,
    ],
    [
      'an address that is none',
      gateway({ addresses: [{ value: '1.2.3' }] }),
      'spec.addresses[0].value',
      /an IPv4 or IPv6 address/,
    ],
    [
      'a host name that is none',
      gateway({ addresses: [{ type: 'Hostname', value: 'A b' }] }),
      'spec.addresses[0].value',
      /host name/,
    ],
    [
      'an address given twice',
      gateway({ addresses: [{ value: '192.0.2.1' }, { value: '192.0.2.1' }] }),
      'spec.addresses[1].value',
      /already used/,
    ],
    [
      'a host name given twice',
      gateway({
        addresses: [
          { type: 'Hostname', value: 'a' },
          { type: 'Hostname', value: 'a' },
        ],
      }),
      'spec.addresses[1].value',
      /already used/,
    ],
    [
      'too many labels',
      gateway({ infrastructure: { labels: manyLabels } }),
      'spec.infrastructure.labels',
      /9 entries; expected at most 8/,
    ],
    [
      'a malformed label',
      gateway({ infrastructure: { labels: { 'a b': 'c' } } }),
      'spec.infrastructure.labels["a b"]',
      /malformed key "a b"/,
    ],
    [
      'an annotation with a long prefix',
      gateway({ infrastructure: { annotations: { [`${'a.'.repeat(127)}/b`.replace('./', '/')]: 'c' } } }),
      `spec.infrastructure.annotations["${'a.'.repeat(126)}a/b"]`,
      /at most 252 characters/,
    ],
    [
      'a port with two TLS settings',
      gateway({
        tls: {
          frontend: {
            default: {},
            perPort: [
              { port: 1, tls: {} },
              { port: 1, tls: {} },
            ],
          },
        },
      }),
      'spec.tls.frontend.perPort[1].port',
      /already used/,
    ],
    [
      'a version of TLS that is not spoken',
      withListeners({ protocol: 'HTTPS', tls: { certificateRefs, options: { 'selvage.dev/min-version': '1.1' } } }),
      'spec.listeners[0].tls.options["selvage.dev/min-version"]',
      /unknown value "1.1"; expected one of 1.2, 1.3/,
    ],
    [
      'too many options',
      withListeners({
        protocol: 'TLS',
        tls: { options: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`o${i}`, ''])) },
      }),
      'spec.listeners[0].tls.options',
      /found 17 entries; expected at most 16/,
    ],
    [
      'client certificates of nobody in particular',
      gateway({ tls: { frontend: { default: { validation: { caCertificateRefs: [] } } } } }),
      'spec.tls.frontend.default.validation.caCertificateRefs',
      /at least 1 item/,
    ],
    [
      'an unknown mode of client validation',
      gateway({
        tls: {
          frontend: {
            default: { validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }], mode: 'Any' } },
          },
        },
      }),
      'spec.tls.frontend.default.validation.mode',
      /one of AllowValidOnly, AllowInsecureFallback/,
    ],
    [
      'client validation without a default',
      gateway({ tls: { frontend: {} } }),
      'spec.tls.frontend.default',
      /required field is missing/,
    ],
    [
      'an operator without values',
      withListeners({
        allowedRoutes: {
          namespaces: { from: 'Selector', selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
        },
      }),
      'spec.listeners[0].allowedRoutes.namespaces.selector.matchExpressions[0].values',
      /needs a value/,
    ],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});

test('Gateway with a selector that is missing is loaded with a warning', () => {
  const declared = withListeners({ allowedRoutes: { namespaces: { from: 'Selector' } } });
  const { resources, diagnostics } = parseDocuments('g.yaml', JSON.stringify(declared));
  assert.equal(resources.length, 1);
  assert.equal(diagnostics[0]?.severity, 'warning');
  assert.equal(diagnostics[0].fieldPath, 'spec.listeners[0].allowedRoutes.namespaces.selector');
});

test('Gateway with HTTPS and no certificate is loaded with a warning, as the standard allows it', () => {
  const { resources, diagnostics } = parseDocuments('g.yaml', JSON.stringify(withListeners({ protocol: 'HTTPS' })));
  assert.equal(resources.length, 1);
  assert.deepEqual(
    diagnostics.map(({ severity, fieldPath }) => [severity, fieldPath]),
    [['warning', 'spec.listeners[0].tls']],
  );
});

describe('Gateway with TLS', () => {
  const listenerTls = (tls: object) => withListeners({ protocol: 'TLS', tls });

  test('has the defaults of the standard for client certificates', () => {
    const validation = { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] };
    const { spec } = accepted('Gateway', gateway({ tls: { frontend: { default: { validation } }, backend: {} } }));
    assert.deepEqual(spec.tls, {
      backend: {},
      frontend: { default: { validation: { ...validation, mode: 'AllowValidOnly' } }, perPort: [] },
    });
  });

  test('takes TLS 1.2 from clients unless it says otherwise', () => {
    const versionOf = (options: object) => {
      const { spec } = accepted('Gateway', listenerTls({ certificateRefs, options }));
      return minTlsVersion(spec.listeners[0]!.tls!.options);
    };
    assert.equal(versionOf({}), '1.2');
    assert.equal(versionOf({ 'selvage.dev/min-version': '1.2' }), '1.2');
    assert.equal(versionOf({ 'selvage.dev/min-version': '1.3' }), '1.3');
  });

  const cases: [string, object, string[]][] = [
    [
      'an option that nobody reads',
      listenerTls({ certificateRefs, options: { 'selvage.dev/min-versoin': '1.3' } }),
      [
        'spec.listeners[0].tls.options["selvage.dev/min-versoin"]: unknown option: it has no effect; expected selvage.dev/min-version',
      ],
    ],
    [
      'options in place of a certificate',
      listenerTls({ options: { 'selvage.dev/min-version': '1.3' } }),
      [
        'spec.listeners[0].tls.certificateRefs: nothing can be served: mode Terminate has no certificate; expected certificateRefs with a Secret of type kubernetes.io/tls',
      ],
    ],
    [
      'a certificate that is not shown',
      listenerTls({ mode: 'Passthrough', certificateRefs }),
      [
        'spec.listeners[0].tls.certificateRefs: has no effect: in mode Passthrough the backend shows the certificate; expected no certificateRefs, or mode Terminate',
      ],
    ],
  ];
  for (const [name, declared, warnings] of cases) {
    test(`is loaded with a warning for ${name}`, () => assert.deepEqual(warningsIn(declared), warnings));
  }
});
