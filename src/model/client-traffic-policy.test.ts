import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, assertOneError, warningsIn } from './testing/declared.ts';

const policy = (spec: object) => ({
  apiVersion: 'selvage.dev/v1alpha1',
  kind: 'ClientTrafficPolicy',
  metadata: { name: 'clients', namespace: 'shop' },
  spec: { targetRefs: [{ name: 'edge' }], ...spec },
});

describe('ClientTrafficPolicy that is right', () => {
  test('says what holds without it', () => {
    const { spec } = accepted('ClientTrafficPolicy', policy({}));
    assert.deepEqual(spec.targetRefs, [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'edge' }]);
    assert.equal(spec.proxyProtocol, undefined);
    // What the proxy does of itself: its limits for downstream connections and of the HTTP/1.1 codec.
    assert.deepEqual(spec.timeout, {
      http: { idleTimeout: '60s', headTimeout: '10s', streamIdleTimeout: '5m' },
      tcp: { idleTimeout: '1h' },
    });
    assert.deepEqual(spec.limits, { headerBytes: 61_440, headerCount: 100, targetBytes: 16_384 });
    assert.deepEqual(spec.http1, { methodBytes: 32, chunkExtensionBytes: 4096 });
    assert.deepEqual(spec.http2, {
      maxConcurrentStreams: 100,
      initialStreamWindowBytes: 262_144,
      initialConnectionWindowBytes: 1_048_576,
    });
  });

  test('may use every field', () => {
    const { spec } = accepted(
      'ClientTrafficPolicy',
      policy({
        targetRefs: [
          { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'edge', sectionName: 'a' },
          { name: 'edge', sectionName: 'b' },
          { name: 'inner' },
        ],
        proxyProtocol: {
          mode: 'Optional',
          trusted: ['10.0.0.0/8', '2001:db8::/32', '0.0.0.0/0', '::/0', '192.0.2.1/32'],
        },
        timeout: {
          http: { idleTimeout: '1h', headTimeout: '5s', streamIdleTimeout: '0s' },
          tcp: { idleTimeout: '0s' },
        },
        limits: { headerBytes: 65_536, headerCount: 200, targetBytes: 8192 },
        http1: { methodBytes: 64, chunkExtensionBytes: 0 },
        http2: { maxConcurrentStreams: 250, initialStreamWindowBytes: 65_535, initialConnectionWindowBytes: 65_535 },
      }),
    );
    assert.equal(spec.proxyProtocol?.mode, 'Optional');
  });

  test('expects the header of every connection unless it says otherwise', () => {
    const { spec } = accepted('ClientTrafficPolicy', policy({ proxyProtocol: { trusted: ['10.0.0.0/8'] } }));
    assert.equal(spec.proxyProtocol?.mode, 'Required');
  });

  test('is warned of a limit that another hides', () => {
    assert.deepEqual(warningsIn(policy({ limits: { headerBytes: 8192 } })), [
      'spec.limits.targetBytes: has no effect: the whole head may have 8192 bytes only; expected at most 8192, or more headerBytes',
    ]);
  });
});

describe('ClientTrafficPolicy with one fault', () => {
  const trusting = (...trusted: unknown[]) => policy({ proxyProtocol: { trusted } });
  const cases: [string, object, string, RegExp][] = [
    ['no target', policy({ targetRefs: [] }), 'spec.targetRefs', /at least 1 item/],
    [
      'a route as target',
      policy({ targetRefs: [{ kind: 'HTTPRoute', name: 'a' }] }),
      'spec.targetRefs[0].kind',
      /expected Gateway/,
    ],
    [
      'a target twice',
      policy({ targetRefs: [{ name: 'a' }, { name: 'a' }] }),
      'spec.targetRefs[1]',
      /already referred to by item 0/,
    ],
    [
      'a target with and without section',
      policy({ targetRefs: [{ name: 'a', sectionName: 's' }, { name: 'a' }] }),
      'spec.targetRefs[1].sectionName',
      /required where several references name the same target/,
    ],
    ['nobody to trust', policy({ proxyProtocol: {} }), 'spec.proxyProtocol.trusted', /required field is missing/],
    ['an empty list of whom to trust', trusting(), 'spec.proxyProtocol.trusted', /at least 1 item/],
    ['an address without prefix length', trusting('10.0.0.1'), 'spec.proxyProtocol.trusted[0]', /as in 10.0.0.0\/8/],
    [
      'a prefix length out of range',
      trusting('10.0.0.0/33'),
      'spec.proxyProtocol.trusted[0]',
      /malformed address range/,
    ],
    ['a range twice', trusting('::/0', '::/0'), 'spec.proxyProtocol.trusted[1]', /already used/],
    [
      'an unknown mode',
      policy({ proxyProtocol: { mode: 'Strict', trusted: ['::/0'] } }),
      'spec.proxyProtocol.mode',
      /one of Required, Optional/,
    ],
    [
      'no time for a head',
      policy({ timeout: { http: { headTimeout: '0s' } } }),
      'spec.timeout.http.headTimeout',
      /longer than zero/,
    ],
    [
      'a number for a time',
      policy({ timeout: { http: { idleTimeout: 60 } } }),
      'spec.timeout.http.idleTimeout',
      /a string/,
    ],
    ['no streams', policy({ http2: { maxConcurrentStreams: 0 } }), 'spec.http2.maxConcurrentStreams', /from 1 to/],
    [
      'a window below the standard',
      policy({ http2: { initialStreamWindowBytes: 1024 } }),
      'spec.http2.initialStreamWindowBytes',
      /from 65535 to 2147483647/,
    ],
    ['a field of another place', policy({ idleTimeout: '1s' }), 'spec.idleTimeout', /unknown field/],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});
