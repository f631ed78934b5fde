import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { test } from 'node:test';
import { awaitNoneLeft, findLeftBehind, RUN_MARK } from './left-behind.ts';

const WAIT_FOREVER = 'process.stdin.resume()';

function startMarked(mark: string): ChildProcess {
  const env = { [RUN_MARK]: mark };
  return spawn(process.execPath, ['-e', WAIT_FOREVER], { detached: true, env, stdio: ['pipe', 'ignore', 'ignore'] });
}

test('findLeftBehind finds a process that left the session by its mark, until it ends', async () => {
  const child = startMarked('left-the-session');
  const [found] = findLeftBehind(-1, 'left-the-session');
  assert.equal(found?.pid, child.pid);
  assert.ok(found?.commandLine.endsWith(WAIT_FOREVER));
  assert.deepEqual(findLeftBehind(child.pid ?? 0, 'left-the-session'), [], 'the leader itself is not left behind');
  child.kill();
  assert.deepEqual(await awaitNoneLeft(-1, 'left-the-session', 5000), []);
});

test('findLeftBehind finds a process with another environment by its session', async () => {
  const leader = spawn(
    process.execPath,
    ['-e', `console.log(require('node:child_process').spawn('sleep', ['60'], { env: {} }).pid); ${WAIT_FOREVER}`],
    { detached: true, stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const [line] = (await once(leader.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  assert.deepEqual(findLeftBehind(leader.pid ?? 0, 'no-such-mark'), [{ pid, commandLine: 'sleep 60' }]);
  process.kill(-(leader.pid ?? 0), 'SIGKILL');
  assert.deepEqual(await awaitNoneLeft(leader.pid ?? 0, 'no-such-mark', 5000), []);
});
