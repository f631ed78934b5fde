import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LinearRegExp, compileLinearRegExp } from './linear-regexp.ts';

function compile(source: string): LinearRegExp {
  const result = compileLinearRegExp(source);
  assert.ok(result.ok, result.ok ? '' : `${source}: ${result.reason}`);
  return result;
}

function refusal(source: string): { reason: string; offset: number } {
  const result = compileLinearRegExp(source);
  assert.ok(!result.ok, `${source} was accepted`);
  return result;
}

const WHOLE: readonly [pattern: string, yes: readonly string[], no: readonly string[]][] = [
  ['', [''], ['a']],
  ['/a|/ab', ['/a', '/ab'], ['/abc', 'x/a']],
  ['/users/\\d+', ['/users/1', '/users/42'], ['/users/', '/users/1/x', '/users/a']],
  ['[a-c]x?', ['a', 'bx'], ['d', 'axx']],
  ['[^a-c]', ['d', '\u00e9', '\u20ac'], ['a', 'dd']],
  ['[]a-]+', [']', 'a-'], ['b']],
  ['[[:alnum:]_]+', ['aZ9_'], ['-', '']],
  ['[[:^digit:]]', ['a'], ['1']],
  ['[\\w.-]+', ['a.b-c'], ['a b']],
  ['\\W\\S\\D', ['-ab'], ['aab']],
  ['.', ['a', '\u20ac'], ['\n', '', 'ab']],
  ['(?s).', ['\n'], ['']],
  ['(?i)heLLo[x-z]', ['HELLOX', 'hellox'], ['hell0x']],
  ['(?i)[^a]', ['b'], ['a', 'A']],
  ['(?i:a)b', ['Ab'], ['AB']],
  ['((?i)a)b', ['Ab'], ['AB']],
  ['(?i)a(?-i)b', ['Ab'], ['AB']],
  ['a{2}', ['aa'], ['a', 'aaa']],
  ['a{2,}', ['aa', 'aaaaa'], ['a']],
  ['a{1,3}?', ['a', 'aaa'], ['', 'aaaa']],
  ['a{0}', [''], ['a']],
  ['a{,2}', ['a{,2}'], ['a', 'aa']],
  ['{x}', ['{x}'], ['x']],
  ['a*?b+?c??', ['b', 'aabbc'], ['a']],
  ['(?P<id>a)(?<n2>b)(?:c)', ['abc'], ['ab']],
  ['^/x$', ['/x'], ['/x\n', '']],
  ['^$|$^a', [''], ['a']],
  ['$^', [''], ['a']],
  ['a$^', [], ['a', '']],
  ['(^a|b)*', ['', 'a', 'ab', 'bb'], ['ba']],
  ['\\Aa\\z', ['a'], ['aa']],
  ['\\x2f\\x{2F}\\.\\/\\-\\_', ['//./-_'], []],
  ['\\Qa.b*\\Ex', ['a.b*x'], ['aab*x']],
  ['\\Qa.b', ['a.b'], ['aab']],
  ['\u{1f600}+', ['\u{1f600}', '\u{1f600}\u{1f600}'], ['\ud83d']],
  ['(|a)b', ['b', 'ab'], ['aab']],
  ['()*a', ['a'], ['']],
  ['\\t\\n\\r\\f\\v\\a', ['\t\n\r\f\v\x07'], []],
];

for (const [pattern, yes, no] of WHOLE) {
  test(`matches compares the whole input with ${JSON.stringify(pattern)}`, () => {
    const regexp = compile(pattern);
    for (const input of yes) assert.equal(regexp.matches(input), true, JSON.stringify(input));
    for (const input of no) assert.equal(regexp.matches(input), false, JSON.stringify(input));
  });
}

test('search finds a match anywhere, and obeys anchors', () => {
  assert.equal(compile('b+').search('abc'), true);
  assert.equal(compile('b+').search('ac'), false);
  assert.equal(compile('^b').search('ab'), false);
  assert.equal(compile('b$').search('ab'), true);
  assert.equal(compile('b$').search('ba'), false);
  assert.equal(compile('').search('anything'), true);
});

const REFUSED: readonly [pattern: string, reason: RegExp, offset: number][] = [
  ['(a)\\1', /backreferences/, 3],
  ['(?P<a>x)(?P=a)', /backreferences/, 8],
  ['a(?=b)', /lookaround/, 1],
  ['a(?!b)', /lookaround/, 1],
  ['(?<=a)b', /lookaround/, 0],
  ['(?<!a)b', /lookaround/, 0],
  ['(?>a)', /atomic/, 0],
  ['\\bword', /word boundaries/, 0],
  ['\\p{Greek}', /unicode classes/, 0],
  ['x\\q', /unknown escape \\q/, 1],
  ['(?m)^a', /flag m/, 0],
  ['(?x)a', /flags are i, s and U/, 0],
  ['(a', /never closed/, 0],
  ['a)', /never opened/, 1],
  ['a[b', /never closed/, 1],
  ['*a', /nothing before \*/, 0],
  ['a|+', /nothing before \+/, 2],
  ['a**', /cannot follow another/, 2],
  ['a++', /cannot follow another/, 2],
  ['a{3,1}', /minimum 3 is above its maximum 1/, 1],
  ['a{1001}', /above 1000/, 1],
  ['[z-a]', /invalid range z-a/, 1],
  ['[a-\\d]', /invalid range/, 1],
  ['[[:nope:]]', /class name/, 1],
  ['[\u{1f600}]', /above U\+FFFF/, 1],
  ['a\\', /ends with a backslash/, 1],
  ['\\xg0', /hexadecimal/, 0],
  ['\\x{110000}', /above U\+FFFF/, 0],
  ['(?P<>a)', /group name/, 0],
];

for (const [pattern, reason, offset] of REFUSED) {
  test(`compileLinearRegExp refuses ${pattern} and says where`, () => {
    const error = refusal(pattern);
    assert.match(error.reason, reason);
    assert.equal(error.offset, offset);
  });
}
