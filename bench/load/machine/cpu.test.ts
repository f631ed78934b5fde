import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { cpuTimeBetweenNs, livingTree, parseSchedstat, parseStat, processTree, readCpuTimes } from './cpu.ts';

test('parseStat reads times and parent when the command name holds spaces and parentheses', () => {
  const line = '42 (a) b (c) S 7 42 42 0 -1 4194560 100 0 0 0 250 31 5 6 20 0 3 0 999 1 1\n';
  assert.deepEqual(parseStat(line), { pid: 42, parentPid: 7, userTicks: 250, systemTicks: 31 });
});

test('parseStat throws when the line is cut short', () => {
  assert.throws(() => parseStat('42 (nginx) S 7'), SyntaxError);
  assert.throws(() => parseStat(''), SyntaxError);
});

test('parseSchedstat returns the time on a CPU and nothing when the kernel keeps none', () => {
  assert.equal(parseSchedstat('127269 4000 12\n'), 127269);
  assert.equal(parseSchedstat('0 0 0\n'), undefined);
  assert.equal(parseSchedstat(''), undefined);
});

test('processTree finds descendants in any order and leaves others out', () => {
  const stat = (pid: number, parentPid: number) => ({ pid, parentPid, userTicks: 0, systemTicks: 0 });
  assert.deepEqual(processTree(10, [stat(30, 20), stat(20, 10), stat(40, 1), stat(10, 1)]), [10, 20, 30]);
});

test('readCpuTimes and cpuTimeBetweenNs see the time that this process spends', () => {
  const before = readCpuTimes(process.pid);
  const started = process.cpuUsage();
  while (process.cpuUsage(started).user < 50_000);
  const spentMs = cpuTimeBetweenNs(before, readCpuTimes(process.pid)) / 1e6;
  assert.ok(spentMs > 30 && spentMs < 1_000, `${spentMs} ms`);
});

test('cpuTimeBetweenNs takes nothing away for a thread that ended and counts a new one from its start', () => {
  const before = new Map([
    ['1/1', 100],
    ['2/2', 5_000],
  ]);
  const after = new Map([
    ['1/1', 130],
    ['3/3', 7],
  ]);
  assert.equal(cpuTimeBetweenNs(before, after), 37);
});

test('livingTree holds a child while it lives', async () => {
  const child = spawn('sleep', ['30'], { stdio: 'ignore' });
  await once(child, 'spawn');
  assert.ok(livingTree(process.pid).includes(child.pid ?? -1));
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(!livingTree(process.pid).includes(child.pid ?? -1));
});
