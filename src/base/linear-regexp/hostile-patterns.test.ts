import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLinearRegExp } from './linear-regexp.ts';

function compile(source: string) {
  const result = compileLinearRegExp(source);
  assert.ok(result.ok, source);
  return result;
}

/** Milliseconds of the quickest of five runs. */
function quickest(run: () => void): number {
  let best = Infinity;
  for (let i = 0; i < 5; i++) {
    const from = performance.now();
    run();
    best = Math.min(best, performance.now() - from);
  }
  return best;
}

for (const source of ['(a+)+$', '(a|aa)*b', '(a*)*b', '(.*)*x', '(a?){500}a{500}']) {
  test(`matches refuses a long near-match of ${source} in linear time`, () => {
    const regexp = compile(source);
    const input = `${'a'.repeat(100_000)}!`;
    assert.ok(quickest(() => assert.equal(regexp.matches(input), false)) < 200);
    assert.ok(quickest(() => regexp.search(input)) < 200);
  });
}

for (const source of [
  '((a{100}){100}){100}',
  '(((){1000}){1000}){1000}',
  '(a{0,1000}){0,1000}',
  '(((((a+){9}){9}){9}){9}){9}',
]) {
  test(`compileLinearRegExp refuses the repetition bomb ${source} at once`, () => {
    const from = performance.now();
    const result = compileLinearRegExp(source);
    assert.ok(!result.ok && /expands to more than/.test(result.reason));
    assert.ok(performance.now() - from < 50);
  });
}

test('compileLinearRegExp refuses long patterns and deep nesting', () => {
  const long = compileLinearRegExp('a'.repeat(1025));
  assert.ok(!long.ok && /longer than 1024/.test(long.reason));
  const deep = compileLinearRegExp('('.repeat(500) + ')'.repeat(500));
  assert.ok(!deep.ok && /nest deeper/.test(deep.reason));
});

test('matches stays right when an input needs more states than the cache keeps', () => {
  // 2^14 states: the cache fills, is emptied, fills again, and the rest is simulated.
  const source = '.*a.{13}';
  const regexp = compile(source);
  const oracle = /^.*a.{13}$/;
  let seed = 1;
  const letters: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    letters.push((seed >>> 16) % 2 === 0 ? 'a' : 'b');
  }
  for (let cut = 0; cut < 40; cut++) {
    const input = letters.slice(0, letters.length - cut).join('');
    assert.equal(regexp.matches(input), oracle.test(input));
  }
  const found = compile('a.{13}c');
  const text = letters.join('');
  assert.equal(found.search(text), false);
  assert.equal(found.search(`${text}a${'b'.repeat(13)}cb`), true);
});
