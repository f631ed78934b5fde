import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBalancer } from './balancer.ts';
import type { Target } from './target.ts';

type Named = Target & { readonly name: string; activeRequests: number };

const target = (name: string, weight = 1): Named => ({ name, weight, activeRequests: 0 });
const KINDS = ['LeastRequest', 'RoundRobin', 'Random'] as const;

for (const kind of KINDS) {
  test(`${kind} chooses nobody where there is nobody, and the only one even if it failed`, () => {
    const balancer = createBalancer<Named>(kind);
    assert.equal(balancer.choose(null), null);
    const only = target('a');
    balancer.update([only]);
    assert.equal(balancer.choose(null), only);
    assert.equal(balancer.choose(only), only);
    balancer.update([]);
    assert.equal(balancer.choose(only), null);
  });

  test(`${kind} never chooses the excluded one while there is another, whatever the weights`, () => {
    const balancer = createBalancer<Named>(kind);
    for (const weights of [
      [1, 1],
      [1000, 1],
      [1, 1000],
      [1, 1, 1],
      [1000, 1, 1],
    ]) {
      const targets = weights.map((weight, i) => target(String(i), weight));
      balancer.update(targets);
      for (let i = 0; i < 200; i++) assert.notEqual(balancer.choose(targets[0]!), targets[0]);
    }
  });

  test(`${kind} keeps to the weights`, () => {
    const balancer = createBalancer<Named>(kind);
    const targets = [target('a', 3), target('b', 1)];
    balancer.update(targets);
    let first = 0;
    for (let i = 0; i < 4000; i++) if (balancer.choose(null) === targets[0]) first++;
    // Of two different ones of equal load, least request takes the first drawn; so the share is that of a draw.
    assert.ok(first > 2700 && first < 3300, `${first} of 4000`);
  });

  test(`${kind} goes on where an endpoint that was chosen is gone`, () => {
    const balancer = createBalancer<Named>(kind);
    const [a, b, c] = [target('a'), target('b'), target('c')];
    balancer.update([a, b]);
    balancer.choose(null);
    balancer.update([b, c]);
    for (let i = 0; i < 50; i++) assert.notEqual(balancer.choose(a), a);
  });
}

test('LeastRequest prefers the less busy of two', () => {
  const balancer = createBalancer<Named>('LeastRequest');
  const [busy, idle] = [target('busy'), target('idle')];
  busy.activeRequests = 5;
  balancer.update([busy, idle]);
  for (let i = 0; i < 100; i++) assert.equal(balancer.choose(null), idle);
});

test('RoundRobin takes turns, spreads those of a heavy one, and keeps its place over a change', () => {
  const balancer = createBalancer<Named>('RoundRobin');
  const [a, b, c] = [target('a', 2), target('b'), target('c')];
  balancer.update([a, b, c]);
  const names = Array.from({ length: 8 }, () => balancer.choose(null)!.name).join('');
  assert.equal(names.replaceAll(/[^a]/g, '').length, 4);
  assert.doesNotMatch(names, /aaa/);
  const [d, e] = [target('d'), target('e')];
  balancer.update([d, e]);
  const chosen = [];
  for (let i = 0; i < 10; i++) {
    chosen.push(balancer.choose(null)!.name);
    balancer.update([d, e]);
  }
  assert.equal(chosen.filter((name) => name === 'd').length, 5);
});
