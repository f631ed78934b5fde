import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, assertOneError } from './testing/declared.ts';

const cart = { name: 'cart', port: 80 };
const route = (spec: object) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GRPCRoute',
  metadata: { name: 'cart', namespace: 'shop' },
  spec,
});
const withRule = (rule: object) => route({ rules: [rule] });
const withMethod = (method: object) => withRule({ matches: [{ method }] });
const withFilters = (...filters: object[]) => withRule({ filters });

describe('GRPCRoute that is right', () => {
  test('gets the defaults of the standard', () => {
    assert.deepEqual(accepted('GRPCRoute', route({})).spec, { parentRefs: [], hostnames: [], rules: [] });
    const { rules } = accepted(
      'GRPCRoute',
      withRule({ matches: [{ method: { service: 'a.B' } }, {}], backendRefs: [cart] }),
    ).spec;
    assert.deepEqual(rules, [
      {
        matches: [{ method: { type: 'Exact', service: 'a.B' }, headers: [] }, { headers: [] }],
        filters: [],
        backendRefs: [{ group: '', kind: 'Service', ...cart, weight: 1, filters: [] }],
      },
    ]);
  });

  test('may use every field', () => {
    const filters = [
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b' }], remove: ['c'] } },
      { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'a', value: 'b' }] } },
      { type: 'RequestMirror', requestMirror: { backendRef: cart, percent: 5 } },
      { type: 'RequestMirror', requestMirror: { backendRef: cart, fraction: { numerator: 1, denominator: 3 } } },
      { type: 'ExtensionRef', extensionRef: { group: 'a.example', kind: 'A', name: 'a' } },
    ];
    accepted(
      'GRPCRoute',
      route({
        parentRefs: [{ name: 'edge', sectionName: 'grpc' }],
        hostnames: ['*.example.com'],
        rules: [
          {
            name: 'add',
            matches: [
              { method: { service: '.shop.v1.Cart', method: 'AddItem' }, headers: [{ name: 'a', value: 'b' }] },
              { method: { type: 'RegularExpression', service: 'shop\\.v[12]\\..*' } },
              { method: { method: '_x9' }, headers: [{ type: 'RegularExpression', name: 'a', value: 'b+' }] },
            ],
            filters,
            backendRefs: [{ ...cart, weight: 3, filters }],
          },
          { name: 'rest' },
        ],
      }),
    );
  });
});

describe('GRPCRoute with one fault', () => {
  const many = (count: number) => Array.from({ length: count }, () => ({}));
  const cases: [string, object, string, RegExp][] = [
    ['no spec', { ...route({}), spec: null }, 'spec', /required field is missing/],
    [
      'a malformed service',
      withMethod({ service: 'a/B' }),
      'spec.rules[0].matches[0].method.service',
      /as in shop.v1.Cart/,
    ],
    [
      'an empty service',
      withMethod({ service: '', method: 'A' }),
      'spec.rules[0].matches[0].method.service',
      /malformed value ""/,
    ],
    [
      'a method with its path',
      withMethod({ method: '/a.B/C' }),
      'spec.rules[0].matches[0].method.method',
      /as in AddItem/,
    ],
    ['neither service nor method', withMethod({}), 'spec.rules[0].matches[0].method', /neither a service nor a method/],
    [
      'an empty pattern',
      withMethod({ type: 'RegularExpression', method: '' }),
      'spec.rules[0].matches[0].method',
      /neither/,
    ],
    [
      'a pattern that is none',
      withMethod({ type: 'RegularExpression', service: '(' }),
      'spec.rules[0].matches[0].method.service',
      /cannot use regular expression, at character/,
    ],
    [
      'a pattern that could take for ever',
      withMethod({ type: 'RegularExpression', method: '(a)\\1' }),
      'spec.rules[0].matches[0].method.method',
      /cannot use regular expression/,
    ],
    [
      'an unknown type',
      withMethod({ type: 'Prefix', service: 'a' }),
      'spec.rules[0].matches[0].method.type',
      /one of Exact, RegularExpression/,
    ],
    ['a path', withRule({ matches: [{ path: { value: '/' } }] }), 'spec.rules[0].matches[0].path', /unknown field/],
    [
      'a header twice',
      withRule({
        matches: [
          {
            headers: [
              { name: 'a', value: 'b' },
              { name: 'a', value: 'c' },
            ],
          },
        ],
      }),
      'spec.rules[0].matches[0].headers[1].name',
      /already used/,
    ],
    ['65 matches', withRule({ matches: many(65) }), 'spec.rules[0].matches', /at most 64 items/],
    [
      '129 matches',
      route({ rules: [{ matches: many(64) }, { matches: many(64) }, { matches: many(1) }] }),
      'spec.rules',
      /found 129 matches .* at most 128/,
    ],
    ['17 rules', route({ rules: many(17) }), 'spec.rules', /at most 16 items/],
    [
      'two rules of one name',
      route({ rules: [{ name: 'a' }, { name: 'a' }] }),
      'spec.rules[1].name',
      /already used by item 0/,
    ],
    [
      'a redirect',
      withFilters({ type: 'RequestRedirect' }),
      'spec.rules[0].filters[0].type',
      /unknown value "RequestRedirect"/,
    ],
    [
      'a filter without settings',
      withFilters({ type: 'RequestMirror' }),
      'spec.rules[0].filters[0].requestMirror',
      /required for filter type RequestMirror/,
    ],
    [
      'a filter with settings of another',
      withFilters({ type: 'RequestHeaderModifier', requestHeaderModifier: {}, responseHeaderModifier: {} }),
      'spec.rules[0].filters[0].responseHeaderModifier',
      /must not be given for filter type RequestHeaderModifier/,
    ],
    [
      'a filter twice',
      withFilters(
        { type: 'ResponseHeaderModifier', responseHeaderModifier: {} },
        { type: 'ResponseHeaderModifier', responseHeaderModifier: {} },
      ),
      'spec.rules[0].filters[1].type',
      /cannot be repeated/,
    ],
    [
      'a mirror with two shares',
      withFilters({
        type: 'RequestMirror',
        requestMirror: { backendRef: cart, percent: 1, fraction: { numerator: 1 } },
      }),
      'spec.rules[0].filters[0].requestMirror.fraction',
      /either percent or fraction/,
    ],
    [
      'a Service without port',
      withRule({ backendRefs: [{ name: 'cart' }] }),
      'spec.rules[0].backendRefs[0].port',
      /the port of the Service/,
    ],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});
