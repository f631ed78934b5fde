import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLinearRegExp } from './linear-regexp.ts';

function compile(source: string) {
  const result = compileLinearRegExp(source);
  assert.ok(result.ok, source);
  return result;
}

/*
 * What these patterns do to matchers that go back takes longer than the age of the universe, and what they do to one in
 * quadratic time outlasts the time limit of a test. So that they end is what is tested; no clock is asked.
 */

for (const source of ['(a+)+$', '(a|aa)*b', '(a*)*b', '(.*)*x', '(a?){150}a{150}']) {
  test(`matches refuses a long near-match of ${source} in linear time`, () => {
    const regexp = compile(source);
    const input = `${'a'.repeat(1_000_000)}!`;
    assert.equal(regexp.matches(input), false);
    regexp.search(input);
  });
}

test('matches ends on the largest field and the pattern that is slowest of those allowed', () => {
  // Every character is remembered for hundreds of them: there is a state for each input, so none is ever found again.
  const regexp = compile('.*a.{500}');
  const letters = Array.from({ length: 60 * 1024 }, (_, i) => ((i * i) % 7 < 3 ? 'a' : 'b'));
  assert.equal(regexp.matches(letters.join('')), letters.at(-501) === 'a');
});

for (const source of [
  '((a{100}){100}){100}',
  '(((){1000}){1000}){1000}',
  '(a{0,1000}){0,1000}',
  '(((((a+){9}){9}){9}){9}){9}',
]) {
  test(`compileLinearRegExp refuses the repetition bomb ${source} before it grows`, () => {
    const result = compileLinearRegExp(source);
    assert.ok(!result.ok && /expands to more than 512 steps/.test(result.reason));
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
