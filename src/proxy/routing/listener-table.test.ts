import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exchange, type DownstreamPeer, type DownstreamStream, type Listener } from '../exchange/exchange.ts';
import { createListenerTable, routeExchange } from './listener-table.ts';
import { declareRoute, declareRule, exactPath, prefixPath, requestOf, tableOf } from './testing/routes.ts';

function listenerNamed(name: string): Listener {
  return { name, gateway: 'infra/edge', port: 80, protocol: 'HTTP', authorization: null, metricScope: null };
}

function exchangeFor(host: string, path: string): Exchange {
  // Routing touches neither the peer nor the stream.
  return new Exchange(requestOf(path), {} as DownstreamPeer, {} as DownstreamStream, host, 0);
}

const table = createListenerTable([
  { listener: listenerNamed('any'), hostname: '', routes: tableOf(declareRoute('a', [declareRule('any')])) },
  {
    listener: listenerNamed('wild'),
    hostname: '*.example.com',
    routes: tableOf(declareRoute('w', [declareRule('wild', { path: prefixPath('/w') })])),
  },
  {
    listener: listenerNamed('exact'),
    hostname: 'www.example.com',
    routes: tableOf(declareRoute('e', [declareRule('exact', { path: exactPath('/e') })])),
  },
]);

test('routeExchange writes listener, rule and matched prefix into the exchange', () => {
  const exchange = exchangeFor('a.example.com', '/w/x');
  assert.equal(routeExchange(table, exchange), true);
  assert.deepEqual([exchange.listener?.name, exchange.rule?.name, exchange.matchedPrefixLength], ['wild', 'wild', 2]);
});

test('routeExchange keeps a request within the most specific listener (GatewayHTTPListenerIsolation)', () => {
  const exchange = exchangeFor('www.example.com', '/w');
  assert.equal(routeExchange(table, exchange), false);
  assert.deepEqual([exchange.listener?.name, exchange.rule], ['exact', null]);
});

test('routeExchange finds no listener where none serves the host', () => {
  const exchange = exchangeFor('example.com', '/');
  assert.equal(routeExchange(createListenerTable([]), exchange), false);
  assert.equal(exchange.listener, null);
  assert.equal(routeExchange(table, exchange), true);
});
