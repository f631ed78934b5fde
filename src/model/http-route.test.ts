import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, assertOneError, errorsIn } from './testing/declared.ts';

const route = (spec: object) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'web', namespace: 'shop' },
  spec,
});
const withRule = (rule: object) => route({ rules: [rule] });
const withFilters = (...filters: object[]) => withRule({ filters });
const withMatch = (match: object) => withRule({ matches: [match] });

const cart = { name: 'cart', port: 80 };
const rewritePrefix = {
  type: 'URLRewrite',
  urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } },
};
const redirectPrefix = {
  type: 'RequestRedirect',
  requestRedirect: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } },
};
const setHeader = { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b' }] } };

describe('HTTPRoute that is right', () => {
  test('gets the defaults of the standard', () => {
    const { spec, apiVersion } = accepted(
      'HTTPRoute',
      route({ parentRefs: [{ name: 'edge' }], rules: [{ backendRefs: [cart] }] }),
    );
    assert.equal(apiVersion, 'gateway.networking.k8s.io/v1');
    assert.deepEqual(spec.parentRefs, [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'edge' }]);
    assert.deepEqual(spec.rules[0]?.matches, [
      { path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] },
    ]);
    assert.deepEqual(spec.rules[0].backendRefs, [
      { group: '', kind: 'Service', name: 'cart', port: 80, weight: 1, filters: [] },
    ]);
  });

  test('has one rule for everything when it declares none', () => {
    assert.equal(accepted('HTTPRoute', route({})).spec.rules[0]?.matches[0]?.path.value, '/');
  });

  test('matches everything with an empty list of matches', () => {
    assert.equal(accepted('HTTPRoute', withRule({ matches: [] })).spec.rules[0]?.matches[0]?.path.value, '/');
  });

  test('is one form for v1 and v1beta1', () => {
    const { apiVersion } = accepted('HTTPRoute', { ...route({}), apiVersion: 'gateway.networking.k8s.io/v1beta1' });
    assert.equal(apiVersion, 'gateway.networking.k8s.io/v1');
  });

  test('may use every feature', () => {
    const { spec } = accepted(
      'HTTPRoute',
      route({
        parentRefs: [
          { name: 'edge', sectionName: 'http', port: 80 },
          { name: 'edge', sectionName: 'https' },
          { group: '', kind: 'Service', name: 'cart', namespace: 'shop', port: 80 },
        ],
        hostnames: ['shop.example.com', '*.example.com'],
        rules: [
          {
            name: 'main',
            matches: [
              {
                path: { type: 'RegularExpression', value: '/items/[0-9]+' },
                headers: [{ name: 'x-version', value: 'v[12]', type: 'RegularExpression' }],
                queryParams: [{ name: 'q', value: 'x' }],
                method: 'GET',
              },
            ],
            filters: [
              setHeader,
              {
                type: 'ResponseHeaderModifier',
                responseHeaderModifier: { add: [{ name: 'a', value: 'b' }], remove: ['c'] },
              },
              { type: 'RequestMirror', requestMirror: { backendRef: cart, percent: 10 } },
              { type: 'RequestMirror', requestMirror: { backendRef: cart, fraction: { numerator: 1 } } },
              { type: 'CORS', cors: { allowOrigins: ['https://*.example.com'], allowCredentials: true } },
              { type: 'ExtensionRef', extensionRef: { group: 'selvage.dev', kind: 'Filter', name: 'f' } },
            ],
            backendRefs: [
              { ...cart, weight: 0, filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'cart.example.com' } }] },
            ],
            timeouts: { request: '10s', backendRequest: '1s500ms' },
          },
          { filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 308 } }] },
        ],
      }),
    );
    assert.equal(spec.rules[0]?.filters[3]?.requestMirror?.fraction?.denominator, 100);
    assert.equal(spec.rules[0].filters[4]?.cors?.maxAge, 5);
  });

  for (const statusCode of [301, 302, 303, 307, 308]) {
    test(`may redirect with ${statusCode}`, () => {
      accepted('HTTPRoute', withFilters({ type: 'RequestRedirect', requestRedirect: { statusCode } }));
    });
  }

  test('may name a Backend without port', () => {
    accepted('HTTPRoute', withRule({ backendRefs: [{ group: 'selvage.dev', kind: 'Backend', name: 'legacy' }] }));
  });

  test('may replace the prefix where one prefix is matched', () => {
    accepted('HTTPRoute', withRule({ matches: [{ path: { value: '/v1' } }], filters: [rewritePrefix] }));
    accepted('HTTPRoute', withRule({ filters: [redirectPrefix] }));
  });

  test('may have a backend timeout beside a request timeout of 0s, which is none', () => {
    accepted('HTTPRoute', withRule({ timeouts: { request: '0s', backendRequest: '5s' } }));
  });
});

test('HTTPRoute filters tell their settings apart by type', () => {
  const { spec } = accepted('HTTPRoute', withFilters(rewritePrefix));
  const [filter] = spec.rules[0]?.filters ?? [];
  assert.ok(filter?.type === 'URLRewrite');
  const { path } = filter.urlRewrite;
  assert.ok(path?.type === 'ReplacePrefixMatch');
  const prefix: string = path.replacePrefixMatch;
  assert.equal(prefix, '/');
});

describe('HTTPRoute path match', () => {
  const cases: [string, string, RegExp][] = [
    ['Exact', 'a', /not absolute/],
    ['PathPrefix', '/a//b', /contain "\/\/"/],
    ['PathPrefix', '/a/./b', /contain "\/\.\/"/],
    ['Exact', '/a/../b', /contain "\/\.\.\/"/],
    ['Exact', '/a%2fb', /contain "%2f"/],
    ['Exact', '/a%2Fb', /contain "%2F"/],
    ['PathPrefix', '/a#b', /contain "#"/],
    ['PathPrefix', '/a/..', /end with "\/\.\."/],
    ['PathPrefix', '/a/.', /end with "\/\."/],
    ['Exact', '/a b', /character that paths cannot have/],
    ['Exact', '/a%zz', /character that paths cannot have/],
    ['RegularExpression', '/(a', /cannot use regular expression/],
    ['RegularExpression', '/(?=a)', /cannot use regular expression/],
    ['Exact', `/${'a'.repeat(1024)}`, /at most 1024 characters/],
  ];
  for (const [type, value, message] of cases) {
    test(`refuses ${type} ${value.slice(0, 20)}`, () => {
      assertOneError(withMatch({ path: { type, value } }), 'spec.rules[0].matches[0].path.value', message);
    });
  }

  test('asks for the word that was meant', () => {
    assertOneError(
      withMatch({ path: { type: 'Prefx' } }),
      'spec.rules[0].matches[0].path.type',
      /did you mean PathPrefix\?/,
    );
  });
});

describe('HTTPRoute with one fault', () => {
  const longRule = { matches: Array.from({ length: 43 }, () => ({})) };
  const cases: [string, object, string, RegExp][] = [
    ['a misspelt field', route({ hostname: 'a' }), 'spec.hostname', /unknown field; .*did you mean hostnames\?/],
    ['a host name with a port', route({ hostnames: ['a.example:80'] }), 'spec.hostnames[0]', /host name/],
    [
      '17 host names',
      route({ hostnames: Array.from({ length: 17 }, (_, i) => `h${i}`) }),
      'spec.hostnames',
      /17 items; expected at most 16 items/,
    ],
    ['no rule in the list', route({ rules: [] }), 'spec.rules', /no items; expected at least 1 item/],
    ['129 matches', route({ rules: [longRule, longRule, longRule] }), 'spec.rules', /129 matches/],
    [
      'two rules of one name',
      route({ rules: [{ name: 'a' }, { name: 'a' }] }),
      'spec.rules[1].name',
      /"a" is already used by item 0/,
    ],
    ['a method in lower case', withMatch({ method: 'get' }), 'spec.rules[0].matches[0].method', /did you mean GET\?/],
    [
      'two conditions on one header',
      withMatch({
        headers: [
          { name: 'a', value: 'b' },
          { name: 'a', value: 'c' },
        ],
      }),
      'spec.rules[0].matches[0].headers[1].name',
      /already used/,
    ],
    [
      'a bad pattern for a header',
      withMatch({ headers: [{ name: 'a', value: '[', type: 'RegularExpression' }] }),
      'spec.rules[0].matches[0].headers[0].value',
      /regular expression/,
    ],
    [
      'a bad pattern for a query parameter',
      withMatch({ queryParams: [{ name: 'a', value: '*', type: 'RegularExpression' }] }),
      'spec.rules[0].matches[0].queryParams[0].value',
      /regular expression/,
    ],
    [
      'a query parameter without value',
      withMatch({ queryParams: [{ name: 'a' }] }),
      'spec.rules[0].matches[0].queryParams[0].value',
      /required field is missing; expected a string/,
    ],
    [
      'a Service without port',
      withRule({ backendRefs: [{ name: 'cart' }] }),
      'spec.rules[0].backendRefs[0].port',
      /required field is missing/,
    ],
    [
      'a mirror to a Service without port',
      withFilters({ type: 'RequestMirror', requestMirror: { backendRef: { name: 'cart' } } }),
      'spec.rules[0].filters[0].requestMirror.backendRef.port',
      /required field is missing/,
    ],
    [
      'a mirror by percent and fraction',
      withFilters({
        type: 'RequestMirror',
        requestMirror: { backendRef: cart, percent: 1, fraction: { numerator: 1 } },
      }),
      'spec.rules[0].filters[0].requestMirror.fraction',
      /together with percent/,
    ],
    [
      'a fraction above one',
      withFilters({
        type: 'RequestMirror',
        requestMirror: { backendRef: cart, fraction: { numerator: 3, denominator: 2 } },
      }),
      'spec.rules[0].filters[0].requestMirror.fraction.numerator',
      /at most the denominator, 2/,
    ],
    [
      'a weight out of range',
      withRule({ backendRefs: [{ ...cart, weight: 1_000_001 }] }),
      'spec.rules[0].backendRefs[0].weight',
      /from 0 to 1000000/,
    ],
    [
      'a quoted port',
      withRule({ backendRefs: [{ ...cart, port: '80' }] }),
      'spec.rules[0].backendRefs[0].port',
      /found the string "80"; .*without quotes/,
    ],
    [
      'a redirect with backends',
      withRule({ backendRefs: [cart], filters: [{ type: 'RequestRedirect', requestRedirect: {} }] }),
      'spec.rules[0].filters[0].requestRedirect',
      /together with backendRefs/,
    ],
    [
      'a rewritten prefix of an exact path',
      withRule({ matches: [{ path: { type: 'Exact', value: '/a' } }], filters: [rewritePrefix] }),
      'spec.rules[0].filters[0].urlRewrite.path.replacePrefixMatch',
      /exactly one match/,
    ],
    [
      'a rewritten prefix of two',
      withRule({ matches: [{}, {}], filters: [rewritePrefix] }),
      'spec.rules[0].filters[0].urlRewrite.path.replacePrefixMatch',
      /exactly one match/,
    ],
    [
      'a redirected prefix of two',
      withRule({ matches: [{}, {}], filters: [redirectPrefix] }),
      'spec.rules[0].filters[0].requestRedirect.path.replacePrefixMatch',
      /exactly one match/,
    ],
    [
      'a prefix rewritten for a backend, of two',
      withRule({ matches: [{}, {}], backendRefs: [{ ...cart, filters: [rewritePrefix] }] }),
      'spec.rules[0].backendRefs[0].filters[0].urlRewrite.path.replacePrefixMatch',
      /exactly one match/,
    ],
    [
      'a prefix redirected for a backend, of two',
      withRule({ matches: [{}, {}], backendRefs: [{ ...cart, filters: [redirectPrefix] }] }),
      'spec.rules[0].backendRefs[0].filters[0].requestRedirect.path.replacePrefixMatch',
      /exactly one match/,
    ],
    [
      'redirect and rewrite',
      withFilters({ type: 'RequestRedirect', requestRedirect: {} }, { type: 'URLRewrite', urlRewrite: {} }),
      'spec.rules[0].filters[1].type',
      /cannot stand together/,
    ],
    [
      'a redirect status that is none',
      withFilters({ type: 'RequestRedirect', requestRedirect: { statusCode: 304 } }),
      'spec.rules[0].filters[0].requestRedirect.statusCode',
      /unknown value 304; expected one of 301, 302, 303, 307, 308/,
    ],
    [
      'a full path without the path',
      withFilters({ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath' } } }),
      'spec.rules[0].filters[0].urlRewrite.path.replaceFullPath',
      /required for type ReplaceFullPath/,
    ],
    [
      'a prefix type without the prefix',
      withFilters({ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch' } } }),
      'spec.rules[0].filters[0].urlRewrite.path.replacePrefixMatch',
      /required for type ReplacePrefixMatch/,
    ],
    [
      'a full path with a prefix',
      withFilters({
        type: 'URLRewrite',
        urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/', replacePrefixMatch: '' } },
      }),
      'spec.rules[0].filters[0].urlRewrite.path.replacePrefixMatch',
      /must not be given/,
    ],
    [
      'a path with a line break',
      withFilters({
        type: 'URLRewrite',
        urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/a\r\nb: c' } },
      }),
      'spec.rules[0].filters[0].urlRewrite.path.replaceFullPath',
      /control characters/,
    ],
    [
      'a header value with a line break',
      withFilters({
        type: 'RequestHeaderModifier',
        requestHeaderModifier: { set: [{ name: 'a', value: 'b\r\nc: d' }] },
      }),
      'spec.rules[0].filters[0].requestHeaderModifier.set[0].value',
      /holds a line break/,
    ],
    [
      'a header set twice',
      withFilters({
        type: 'RequestHeaderModifier',
        requestHeaderModifier: {
          set: [
            { name: 'a', value: 'b' },
            { name: 'a', value: 'c' },
          ],
        },
      }),
      'spec.rules[0].filters[0].requestHeaderModifier.set[1].name',
      /already used/,
    ],
    [
      'a header removed twice',
      withFilters({ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['a', 'a'] } }),
      'spec.rules[0].filters[0].requestHeaderModifier.remove[1]',
      /already used/,
    ],
    [
      'every origin and one more',
      withFilters({ type: 'CORS', cors: { allowOrigins: ['*', 'https://a.example'] } }),
      'spec.rules[0].filters[0].cors.allowOrigins[0]',
      /cannot stand beside other origins/,
    ],
    [
      'every method and one more',
      withFilters({ type: 'CORS', cors: { allowMethods: ['GET', '*'] } }),
      'spec.rules[0].filters[0].cors.allowMethods[1]',
      /cannot stand beside other methods/,
    ],
    [
      'every header and one more',
      withFilters({ type: 'CORS', cors: { allowHeaders: ['*', 'a'] } }),
      'spec.rules[0].filters[0].cors.allowHeaders[0]',
      /cannot stand beside other headers/,
    ],
    [
      'an origin with a path',
      withFilters({ type: 'CORS', cors: { allowOrigins: ['https://a.example/'] } }),
      'spec.rules[0].filters[0].cors.allowOrigins[0]',
      /without path/,
    ],
    [
      'a backend timeout above the request timeout',
      withRule({ timeouts: { request: '1s', backendRequest: '1001ms' } }),
      'spec.rules[0].timeouts.backendRequest',
      /longer than the request timeout; expected at most 1s/,
    ],
    [
      'a timeout without unit',
      withRule({ timeouts: { request: '10' } }),
      'spec.rules[0].timeouts.request',
      /a duration such as/,
    ],
    [
      'a parent referred to twice',
      route({ parentRefs: [{ name: 'a' }, { name: 'a' }] }),
      'spec.parentRefs[1]',
      /already referred to/,
    ],
    [
      'a section referred to twice',
      route({
        parentRefs: [
          { name: 'a', sectionName: 's' },
          { name: 'a', sectionName: 's' },
        ],
      }),
      'spec.parentRefs[1]',
      /already referred to/,
    ],
    [
      'a parent with and without section',
      route({ parentRefs: [{ name: 'a', sectionName: 's' }, { name: 'a' }] }),
      'spec.parentRefs[1].sectionName',
      /required where several/,
    ],
  ];
  for (const [name, declared, fieldPath, message] of cases) {
    test(`is refused for ${name}`, () => assertOneError(declared, fieldPath, message));
  }
});

describe('HTTPRoute filter', () => {
  const settings: [string, string, object][] = [
    ['RequestHeaderModifier', 'requestHeaderModifier', {}],
    ['ResponseHeaderModifier', 'responseHeaderModifier', {}],
    ['RequestMirror', 'requestMirror', { backendRef: cart }],
    ['RequestRedirect', 'requestRedirect', {}],
    ['URLRewrite', 'urlRewrite', {}],
    ['ExtensionRef', 'extensionRef', { group: '', kind: 'A', name: 'a' }],
    ['CORS', 'cors', {}],
  ];
  for (const [type, field, value] of settings) {
    test(`${type} needs its settings`, () => {
      assertOneError(withFilters({ type }), `spec.rules[0].filters[0].${field}`, /required for filter type/);
    });
    test(`settings of ${type} stand beside no other type`, () => {
      const [otherType, otherField, otherValue] = type === 'CORS' ? settings[0]! : settings[6]!;
      const filter = { type: otherType, [otherField]: otherValue, [field]: value };
      assertOneError(withFilters(filter), `spec.rules[0].filters[0].${field}`, /must not be given for filter type/);
    });
    const repeatable = type === 'RequestMirror' || type === 'ExtensionRef';
    test(`${type} ${repeatable ? 'may' : 'cannot'} be repeated`, () => {
      const filter = { type, [field]: value };
      if (repeatable) accepted('HTTPRoute', withFilters(filter, filter));
      else assertOneError(withFilters(filter, filter), 'spec.rules[0].filters[1].type', /cannot be repeated/);
      const inBackend = withRule({ backendRefs: [{ ...cart, filters: [filter, filter] }] });
      if (!repeatable) assertOneError(inBackend, 'spec.rules[0].backendRefs[0].filters[1].type', /cannot be repeated/);
    });
  }
});

test('HTTPRoute with many faults tells all of them at once', () => {
  const errors = errorsIn(
    route({
      hostnames: ['A'],
      rules: [
        { matches: [{ path: { value: 'x' } }, {}], filters: [rewritePrefix, setHeader, setHeader] },
        {
          backendRefs: [{ name: 'cart', port: 0 }, { name: 'cart' }],
          timeouts: { request: '1s', backendRequest: '2s' },
          extra: 1,
        },
        'no rule',
      ],
    }),
  );
  const paths = errors.map((error) => error.slice(0, error.indexOf(': ')));
  assert.deepEqual(paths.toSorted(), [
    'spec.hostnames[0]',
    'spec.rules[0].filters[0].urlRewrite.path.replacePrefixMatch',
    'spec.rules[0].filters[2].type',
    'spec.rules[0].matches[0].path.value',
    'spec.rules[1].backendRefs[0].port',
    'spec.rules[1].backendRefs[1].port',
    'spec.rules[1].extra',
    'spec.rules[1].timeouts.backendRequest',
    'spec.rules[2]',
  ]);
});
