import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainRoutes } from './explain.ts';
import { declareRoute, declareRule, exactPath, exactValues, prefixPath, requestOf, tableOf } from './testing/routes.ts';

test('explainRoutes says for every match why it does or does not take the request', () => {
  const table = tableOf(
    declareRoute('cart', [
      declareRule('api', { path: prefixPath('/api'), method: 'POST', headers: exactValues({ beta: 'yes' }) }),
      declareRule('get', { path: prefixPath('/api'), queryParams: exactValues({ v: '2' }) }),
      declareRule('rest'),
    ]),
    declareRoute('other', [declareRule('home', { path: exactPath('/') })], { hostnames: ['other.com'] }),
  );
  const explanations = explainRoutes(table, 'example.com', requestOf('/api/x?v=2', { headers: { beta: 'no' } }));
  assert.deepEqual(
    explanations.map(({ hostname, route, rule, outcome, reasons }) => [hostname, route, rule, outcome, reasons]),
    [
      [
        'other.com',
        'HTTPRoute/shop/other',
        'home',
        'no-match',
        ['host example.com does not match other.com', 'path /api/x does not match Exact /'],
      ],
      [
        '*',
        'HTTPRoute/shop/cart',
        'api',
        'no-match',
        ['method GET is not POST', 'header beta is "no", Exact "yes" is wanted'],
      ],
      ['*', 'HTTPRoute/shop/cart', 'get', 'chosen', []],
      ['*', 'HTTPRoute/shop/cart', 'rest', 'outranked', ['HTTPRoute/shop/cart rule get match 0 has precedence']],
    ],
  );
});

test('explainRoutes chooses what find finds, once, where a route stands at several host names that match', () => {
  const table = tableOf(declareRoute('r', [declareRule('x')], { hostnames: ['a.com', '*.com', '*'] }));
  const outcomes = explainRoutes(table, 'a.com', requestOf('/')).map(({ hostname, outcome }) => [hostname, outcome]);
  assert.deepEqual(outcomes, [
    ['a.com', 'chosen'],
    ['*.com', 'outranked'],
    ['*', 'outranked'],
  ]);
});
