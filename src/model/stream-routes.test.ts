import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, assertOneError } from './testing/declared.ts';

const cart = { name: 'cart', port: 80 };
const route = (kind: string, spec: object) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind,
  metadata: { name: 'web', namespace: 'shop' },
  spec: { rules: [{ backendRefs: [cart] }], ...spec },
});
const tls = (spec: object) => route('TLSRoute', { hostnames: ['shop.example.com'], ...spec });
const tcp = (spec: object) => route('TCPRoute', spec);

describe('TLSRoute and TCPRoute that are right', () => {
  test('get the defaults of the standard', () => {
    const backendRefs = [{ group: '', kind: 'Service', name: 'cart', port: 80, weight: 1 }];
    assert.deepEqual(accepted('TCPRoute', tcp({})).spec, { parentRefs: [], rules: [{ backendRefs }] });
    assert.deepEqual(accepted('TLSRoute', tls({})).spec, {
      parentRefs: [],
      hostnames: ['shop.example.com'],
      rules: [{ backendRefs }],
    });
  });

  test('may use every field', () => {
    const spec = {
      parentRefs: [
        { name: 'edge', sectionName: 'a', port: 443 },
        { name: 'edge', sectionName: 'b', namespace: 'infra' },
      ],
      rules: [
        {
          name: 'only',
          backendRefs: [
            { ...cart, weight: 90, namespace: 'other' },
            { group: 'selvage.dev', kind: 'Backend', name: 'legacy', weight: 0 },
          ],
        },
      ],
    };
    accepted('TCPRoute', tcp(spec));
    accepted('TLSRoute', tls({ ...spec, hostnames: ['a.example', '*.b.example', '1.2.3.example'] }));
  });
});

describe('TLSRoute or TCPRoute with one fault', () => {
  const cases: [string, object, string, RegExp][] = [
    ['no host names', tls({ hostnames: null }), 'spec.hostnames', /required field is missing/],
    ['an empty list of host names', tls({ hostnames: [] }), 'spec.hostnames', /at least 1 item/],
    ['an IPv4 address as host name', tls({ hostnames: ['192.0.2.1'] }), 'spec.hostnames[0]', /is an IP address/],
    ['a wildcard in the middle', tls({ hostnames: ['a.*.example'] }), 'spec.hostnames[0]', /malformed value/],
    ['1025 host names', tls({ hostnames: Array(1025).fill('a.example') }), 'spec.hostnames', /at most 1024 items/],
    ['host names on TCP', tcp({ hostnames: ['a.example'] }), 'spec.hostnames', /unknown field/],
    ['no rules', tcp({ rules: null }), 'spec.rules', /required field is missing/],
    ['no rule', tcp({ rules: [] }), 'spec.rules', /at least 1 item/],
    ['two rules', tls({ rules: [{ backendRefs: [cart] }, { backendRefs: [cart] }] }), 'spec.rules', /at most 1 item$/],
    ['no backend', tcp({ rules: [{ backendRefs: [] }] }), 'spec.rules[0].backendRefs', /at least 1 item/],
    ['no backends', tls({ rules: [{}] }), 'spec.rules[0].backendRefs', /required field is missing/],
    [
      'filters',
      tcp({ rules: [{ backendRefs: [{ ...cart, filters: [] }] }] }),
      'spec.rules[0].backendRefs[0].filters',
      /unknown field/,
    ],
    [
      'a Service without port',
      tls({ rules: [{ backendRefs: [{ name: 'cart' }] }] }),
      'spec.rules[0].backendRefs[0].port',
      /the port of the Service/,
    ],
    [
      'a weight out of range',
      tcp({ rules: [{ backendRefs: [{ ...cart, weight: -1 }] }] }),
      'spec.rules[0].backendRefs[0].weight',
      /from 0 to 1000000/,
    ],
    [
      'a parent twice',
      tcp({ parentRefs: [{ name: 'edge' }, { name: 'edge' }] }),
      'spec.parentRefs[1]',
      /already referred to/,
    ],
    [
      'a version that is not served',
      { ...tls({}), apiVersion: 'gateway.networking.k8s.io/v1alpha2' },
      'apiVersion',
      /expected gateway.networking.k8s.io\/v1$/,
    ],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});
