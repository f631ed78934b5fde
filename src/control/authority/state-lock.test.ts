import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { StateFolder } from './state-folder.ts';
import { StateLock } from './state-lock.ts';
import { statePath } from './testing/folder.ts';

const ROOT = join(import.meta.dirname, '../../..');

const HOLDER = `
  import { StateFolder } from '#control/authority/state-folder.ts';
  import { StateLock } from '#control/authority/state-lock.ts';
  globalThis.lock = StateLock.acquire(StateFolder.open(process.argv[1]));
  console.log('locked');
  setInterval(() => {}, 1000);`;

test('a state folder is for one process: the next one is told whose it is, and gets it when that was killed', async (t) => {
  const path = statePath(t);
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', HOLDER, path], { cwd: ROOT, stdio: 'pipe' });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  const folder = StateFolder.open(path);
  assert.equal(StateLock.isHeld(folder), true);
  assert.throws(
    () => StateLock.acquire(folder),
    new RegExp(`another control plane works on it, process ${holder.pid} on `),
  );
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  assert.equal(StateLock.isHeld(folder), false);
  const lock = StateLock.acquire(folder);
  assert.throws(() => StateLock.acquire(folder), new RegExp(`process ${process.pid} on `));
  lock.release();
  StateLock.acquire(folder).release();
});
