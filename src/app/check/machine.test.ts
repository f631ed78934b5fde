import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeClocks } from './control-connection.ts';
import { judgeFileLimit, judgeNode, judgePacketFilter } from './machine.ts';

const LIMITS = (soft: string): string => `Limit                     Soft Limit           Hard Limit           Units
Max processes             127235               127235               processes
Max open files            ${soft}                 1048576              files
`;

test('judgeFileLimit doubts limits that a busy proxy reaches, and says how to raise them', () => {
  assert.equal(judgeFileLimit(LIMITS('20000')).level, 'good');
  assert.equal(judgeFileLimit(LIMITS('unlimited')).level, 'good');
  const low = judgeFileLimit(LIMITS('1024'));
  assert.deepEqual([low.level, /only 1024/.test(low.text), /ulimit -n/.test(low.advice)], ['doubtful', true, true]);
  assert.equal(judgeFileLimit('').level, 'doubtful');
});

test('judgeNode refuses what is too old', () => {
  assert.equal(judgeNode('26.1.0').level, 'good');
  assert.equal(judgeNode('24.9.9').level, 'bad');
});

test('judgePacketFilter tells apart what is missing: the program, the right, the kernel', () => {
  assert.match(judgePacketFilter(true, undefined).text, /not installed/);
  assert.match(judgePacketFilter(false, 'Operation not permitted').text, /needs root/);
  assert.match(judgePacketFilter(true, 'Operation not supported').text, /takes no rules: Operation not supported/);
  assert.equal(judgePacketFilter(true, '').level, 'good');
});

test('judgeClocks says which clock is behind, and by how much', () => {
  const hereMs = Date.UTC(2026, 0, 1);
  const judge = (seconds: number) => judgeClocks({ timeMs: hereMs + seconds * 1000, hereMs });
  assert.equal(judge(0).level, 'good');
  assert.equal(judge(-1).level, 'good');
  assert.deepEqual([judge(200).level, /3 m 20 s behind/.test(judge(200).text)], ['doubtful', true]);
  assert.deepEqual([judge(-7201).level, /2 h ahead of/.test(judge(-7201).text)], ['bad', true]);
  assert.equal(judgeClocks({ timeMs: undefined, hereMs }).level, 'doubtful');
});
