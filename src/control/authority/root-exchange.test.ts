import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BuiltInKeys } from './built-in-keys.ts';
import { type ProxyTrust, RootExchange } from './root-exchange.ts';
import { stateFolder } from './testing/folder.ts';
import { domain } from './testing/mesh.ts';

const HOUR_MS = 3_600_000;
const PROMPT = { marginMs: 5000 };

const begin = (t: Parameters<typeof stateFolder>[0], prompt?: typeof PROMPT) => {
  const folder = stateFolder(t);
  const open = () => BuiltInKeys.open(folder, domain, 24 * HOUR_MS, 0);
  const keys = open();
  const proxies: ProxyTrust[] = [];
  const exchange = new RootExchange({ keys, proxies: () => proxies });
  const set = (id: string, knowsBundle: boolean, issuerKeyId?: string): void => {
    const at = proxies.findIndex((proxy) => proxy.id === id);
    proxies.splice(at === -1 ? proxies.length : at, 1, { id, knowsBundle, issuerKeyId });
  };
  set('cart-1', false);
  assert.equal(exchange.begin(0, prompt), undefined);
  return { keys, exchange, set, open, proxies };
};

test('a prompt exchange takes each step once all connected proxies have been ready for the margin', (t) => {
  const { keys, exchange, set } = begin(t, PROMPT);
  assert.deepEqual(exchange.waitingFor(), ['cart-1']);
  assert.equal(exchange.advance(60_000), false);
  set('cart-1', true);
  assert.equal(exchange.advance(61_000), false);
  // Somebody comes who does not know it yet: the margin begins anew.
  set('web-1', false);
  assert.equal(exchange.advance(65_000), false);
  set('web-1', true);
  assert.equal(exchange.advance(66_000), false);
  assert.equal(exchange.advance(70_999), false);
  assert.equal(exchange.advance(71_000), true);
  assert.equal(keys.rotation.phase, 'retiring');
  // The margin of one step says nothing of the next.
  assert.equal(exchange.advance(80_000), false);
  assert.deepEqual(exchange.waitingFor(), ['cart-1', 'web-1']);
  for (const id of ['cart-1', 'web-1']) set(id, true, keys.newestKeyId);
  assert.equal(exchange.advance(81_000), false);
  assert.equal(exchange.advance(86_000), true);
  assert.deepEqual([keys.rotation.phase, keys.bundle.roots.length], ['steady', 1]);
});

test('a prompt exchange waits for nobody longer than one by the clock', (t) => {
  const { keys, exchange } = begin(t, PROMPT);
  assert.equal(exchange.advance(24 * HOUR_MS), true);
  assert.equal(exchange.advance(48 * HOUR_MS), true);
  assert.equal(keys.rotation.phase, 'steady');
});

test('an exchange by the clock becomes prompt when it is asked to, and none begins anew', (t) => {
  const { keys, exchange, set } = begin(t);
  set('cart-1', true);
  assert.equal(exchange.advance(60_000), false);
  const { roots } = keys.bundle;
  assert.equal(exchange.begin(60_000, PROMPT), undefined);
  assert.deepEqual(keys.bundle.roots, roots);
  assert.equal(exchange.advance(61_000), false);
  assert.equal(exchange.advance(66_000), true);
  assert.equal(keys.rotation.phase, 'retiring');
  assert.match(exchange.begin(66_000, PROMPT) ?? '', /has not ended yet/);
  assert.match(exchange.begin(66_000, undefined) ?? '', /has not ended yet/);
});

test('an exchange by the clock does not hurry where all are ready, and neither kind is forgotten by a restart', (t) => {
  const { keys, exchange, set, open } = begin(t);
  set('cart-1', true);
  exchange.advance(0);
  assert.equal(exchange.advance(23 * HOUR_MS), false);
  assert.deepEqual(open().rotation, keys.rotation);
  const prompt = begin(t, PROMPT);
  assert.deepEqual(prompt.open().rotation, { phase: 'announced', switchAtMs: 24 * HOUR_MS, prompt: PROMPT });
});
