import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { get, getUntil } from './testing/client.ts';
import { createFolder, gatewayDocument, replaceFile, routeDocument } from './testing/folder.ts';
import { freePort } from './testing/free-port.ts';
import { startOrigin } from './testing/origin.ts';
import { startGateway } from './testing/program.ts';

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}

test(
  'selvage up outlives its control process and starts another one for the next change',
  { skip: !existsSync('/proc/self/task') },
  async (t) => {
    const origin = await startOrigin(t);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const folder = createFolder(t);
    const file = join(folder, 'all.yaml');
    const declare = (generation: number): string =>
      gatewayDocument({ port }) + routeDocument({ originPort: origin.port, generation });
    writeFileSync(file, declare(1));
    const { program } = await startGateway(t, folder);
    const [controlPid] = childrenOf(program.pid);
    assert.ok(controlPid !== undefined, 'it is kept a moment for a next change');
    process.kill(controlPid, 'SIGKILL');
    assert.equal((await get(url)).status, 200);
    replaceFile(file, declare(2));
    await getUntil(url, ({ headers }) => headers['x-generation'] === '2');
    assert.notEqual(childrenOf(program.pid)[0], controlPid);
    // Idle, it goes away: its memory is not worth keeping.
    while (childrenOf(program.pid).length > 0) await setImmediate();
    assert.equal((await get(url)).status, 200);
  },
);
