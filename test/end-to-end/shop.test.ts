import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { findTakenPort, movePorts, PORTS } from '../../examples/shop/programs.ts';
import { findProgram } from '../../tools/debian-packages.ts';
import { get } from './testing/client.ts';
import { createFolder } from './testing/folder.ts';
import { ROOT, runSelvage, startProgram, type Program } from './testing/program.ts';

const run = promisify(execFile);
const START = join(ROOT, 'examples/shop/start.ts');

/** Others may run the shop, or this test, on the same machine. */
async function freeOffset(): Promise<number> {
  for (;;) {
    const offset = 1000 + Math.floor(Math.random() * 10_000);
    if ((await findTakenPort(offset)) === undefined) return offset;
  }
}

async function openShop(t: TestContext, temporary: string): Promise<{ shop: Program; offset: number }> {
  const offset = await freeOffset();
  const shop = startProgram(t, process.execPath, [START, '--port-offset', String(offset)], { TMPDIR: temporary });
  await shop.printed(/Ctrl-C closes it/);
  return { shop, offset };
}

/** Lines of "Try:" that begin with the name of a program. */
function printedCommands({ stdout }: Program): string[] {
  return [...stdout.matchAll(/^ {2}((?:curl|\S*selvage\.cjs) .*)$/gm)].map(([, command]) => command as string);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

test(
  'the shop opens, every command that it prints works, and it leaves nothing behind',
  { skip: findProgram('curl') === undefined && 'curl is missing' },
  async (t) => {
    const temporary = createFolder(t);
    const { shop, offset } = await openShop(t, temporary);
    // curl then fails on a status of 400 and above.
    const curlHome = createFolder(t);
    writeFileSync(join(curlHome, '.curlrc'), 'fail\nsilent\nshow-error\n');
    const commands = printedCommands(shop);
    assert.equal(commands.length, 8);
    const outputs = new Map<string, string>();
    for (const command of commands) {
      const { stdout } = await run('sh', ['-c', command], { cwd: ROOT, env: { ...process.env, CURL_HOME: curlHome } });
      assert.notEqual(stdout, '', command);
      outputs.set(command, stdout);
    }
    const outputOf = (part: string): string => [...outputs].find(([command]) => command.includes(part))?.[1] ?? '';
    assert.match(outputOf('x-beta'), /"version": "v2"/);
    assert.match(outputOf('search'), /"version": "v1"/);
    assert.match(outputOf('index.php'), new RegExp(`^location: http://localhost:${PORTS.gateway + offset}/\r$`, 'm'));
    assert.match(outputOf('carts'), /"quantity": 2/);
    assert.match(outputOf('orders'), /"status": "authorised"/);
    const page = await get(`http://127.0.0.1:${PORTS.gateway + offset}/`, { headers: { host: 'shop.localhost' } });
    assert.match(page.body, /2 × denim/);
    assert.equal(page.headers['x-served-by'], undefined);
    await shop.printed(/200 GET http:\/\/shop\.localhost\/ → web in/);
    shop.kill('SIGINT');
    const { code } = await shop.ended;
    assert.equal(code, 0);
    for (const port of Object.values(PORTS)) assert.equal(await isOpen(port + offset), false);
    assert.deepEqual(readdirSync(temporary), []);
  },
);

test('the shop says in one sentence which port is taken', async (t) => {
  const { offset } = await openShop(t, createFolder(t));
  const second = startProgram(t, process.execPath, [START, '--port-offset', String(offset)]);
  const { code, stderr } = await second.ended;
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(
      `^cannot start the shop: another process listens on port ${PORTS.gateway + offset}, which is for gateway \\(.*\\)\n$`,
    ),
  );
});

test('the documents of the shop are valid, and name only ports that the shop moves', async (t) => {
  const { code, stdout } = await runSelvage(t, 'validate', 'examples/shop/config');
  assert.equal(code, 0);
  assert.match(stdout, /^no problems in /);
  const config = join(ROOT, 'examples/shop/config');
  for (const name of readdirSync(config)) {
    const moved = movePorts(readFileSync(join(config, name), 'utf8'), 30_000);
    assert.doesNotMatch(moved.replaceAll(/\b(3[78]\d{3}|45020)\b/g, ''), /\b\d{4,5}\b/, name);
  }
});

test('the shop closes also when it is killed', async (t) => {
  const { shop, offset } = await openShop(t, createFolder(t));
  shop.kill('SIGKILL');
  for (const port of Object.values(PORTS)) while (await isOpen(port + offset));
});
