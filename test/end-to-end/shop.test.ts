import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { findTakenPort, movePorts, PORTS } from '../../examples/shop/programs.ts';
import { findProgram } from '../../tools/debian-packages.ts';
import { eventually } from '../mesh/testing/mesh-processes.ts';
import { get } from './testing/client.ts';
import { createFolder } from './testing/folder.ts';
import { ROOT, runSelvage, startProgram, type Program } from './testing/program.ts';

const run = promisify(execFile);
const START = join(ROOT, 'examples/shop/start.ts');
const SECURE = '  +mutual TLS +\\d+\\.\\d ms';

/** Others may run the shop, or this test, on the same machine. */
async function freeOffset(): Promise<number> {
  for (;;) {
    const offset = 1000 + Math.floor(Math.random() * 10_000);
    if ((await findTakenPort(offset)) === undefined) return offset;
  }
}

interface OpenShop {
  readonly shop: Program;
  readonly offset: number;
  readonly gateway: string;
  /** Where the shop has its folder, and nothing else is. */
  readonly temporary: string;
}

async function openShop(t: TestContext): Promise<OpenShop> {
  const temporary = createFolder(t);
  const offset = await freeOffset();
  const shop = startProgram(t, process.execPath, [START, '--port-offset', String(offset)], { TMPDIR: temporary });
  await shop.printed(/Ctrl-C closes it/);
  return { shop, offset, temporary, gateway: `http://127.0.0.1:${PORTS.gateway + offset}` };
}

/** The commands that are to be tried, whole where they go on in the next line. */
function printedCommands({ stdout }: Program): string[] {
  const commands = stdout.matchAll(/^ {2}((?:curl|SELVAGE_TOKEN|\S*selvage\.cjs)(?:.*\\\n)* *.*)$/gm);
  return [...commands].map(([, command]) => command as string);
}

/** Waits until nobody listens on any port of the shop. */
async function untilClosed(offset: number): Promise<void> {
  await eventually(async () => {
    const taken = await findTakenPort(offset);
    return taken === undefined ? undefined : `port ${taken.port} of ${taken.name} is taken`;
  });
}

/** Finds the cart among all processes of the machine by its port, and not the sidecar that has started it. */
function pidOfCart(port: number): number {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      return ''; // it has ended, or is somebody else's
    }
  };
  const isCart = (pid: string): boolean =>
    /^[^\0]*\0[^\0]*services\/cart\.ts\0$/.test(read(pid, 'cmdline')) &&
    read(pid, 'environ').includes(`PORT=${port}\0`);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isCart(name));
  assert.equal(pids.length, 1);
  return Number(pids[0]);
}

test(
  'the shop opens, every command that it prints works, and it leaves nothing behind',
  { skip: findProgram('curl') === undefined && 'curl is missing' },
  async (t) => {
    const { shop, offset, temporary, gateway } = await openShop(t);
    // Without a progress meter.
    const curlHome = createFolder(t);
    writeFileSync(join(curlHome, '.curlrc'), 'silent\nshow-error\n');
    const commands = printedCommands(shop);
    assert.equal(commands.length, 12);
    const outputs = new Map<string, string>();
    for (const command of commands) {
      const { stdout } = await run('sh', ['-c', command], { cwd: ROOT, env: { ...process.env, CURL_HOME: curlHome } });
      assert.notEqual(stdout, '', command);
      outputs.set(command, stdout);
    }
    const outputOf = (part: string): string => [...outputs].find(([command]) => command.includes(part))?.[1] ?? '';
    assert.match(outputOf('/ '), /<h1>The selvage shop<\/h1>/);
    assert.match(outputOf('x-beta'), /"version": "v2"/);
    assert.match(outputOf('search'), /"version": "v1"/);
    assert.match(outputOf('index.php'), new RegExp(`^location: http://localhost:${PORTS.gateway + offset}/\r$`, 'm'));
    assert.match(outputOf('carts'), /"quantity": 2/);
    assert.match(outputOf('orders'), /"status": "authorised"/);
    assert.match(outputOf('visitor'), /^HTTP\/1\.1 403 [^]*"policy":"AuthorizationPolicy\/shop\/paying"/);
    assert.match(outputOf('explain'), /let in there: allowed AuthorizationPolicy\/shop\/browsing api/);
    assert.match(outputOf('--from shop/web'), /HTTPRoute\/shop\/catalog, rule versions/);
    assert.equal(
      outputOf('get workloads').match(/ ready +synced +spiffe:\/\/cluster\.local\/ns\/shop\/sa\//g)?.length,
      7,
    );
    const page = await get(`${gateway}/`, { headers: { host: 'shop.localhost' } });
    assert.match(page.body, /2 × denim/);
    assert.equal(page.headers['x-served-by'], undefined);
    for (const call of [
      `200  GET   shop\\.localhost/ +edge → web${SECURE}`,
      `200  GET   /products +web → catalog-v[12]${SECURE}`,
      `200  GET   /carts/ada +web → cart${SECURE}`,
      `201  POST  /payments +orders → payments${SECURE}`,
      `200  GET   api\\.localhost/search\\?q=denim +edge → catalog-v2${SECURE}`,
      `403  POST  /payments +visitor → payments${SECURE}  refused by AuthorizationPolicy/shop/paying`,
      '301  GET   localhost/index\\.php +edge +\\d',
    ])
      await shop.printed(new RegExp(`^${call}`, 'm'));
    assert.doesNotMatch(shop.stdout + shop.stderr, /svt_|no TLS/);
    shop.kill('SIGINT');
    const { code } = await shop.ended;
    assert.equal(code, 0);
    assert.equal(await findTakenPort(offset), undefined);
    assert.deepEqual(readdirSync(temporary), []);
  },
);

test('the shop says in one sentence which port is taken', async (t) => {
  const offset = await freeOffset();
  const port = PORTS.gateway + offset;
  const other = createServer().listen(port, '127.0.0.1');
  t.after(() => other.close());
  const { code, stderr } = await startProgram(t, process.execPath, [START, '--port-offset', String(offset)]).ended;
  assert.equal(code, 1);
  const sentence = `cannot start the shop: another process listens on port ${port}, which is for gateway \\(.*\\)`;
  assert.match(stderr, new RegExp(`^${sentence}\n$`));
});

test('the documents of the shop are valid, and name no port but the one that the shop moves', async (t) => {
  const { code, stdout } = await runSelvage(t, 'validate', 'examples/shop/config');
  assert.equal(code, 0);
  assert.match(stdout, /^no problems in /);
  const config = join(ROOT, 'examples/shop/config');
  for (const name of readdirSync(config)) {
    const moved = movePorts(readFileSync(join(config, name), 'utf8'), 30_000);
    assert.doesNotMatch(moved.replaceAll('38080', ''), /\b\d{4,5}\b/, name);
  }
});

test('the shop closes also when it is killed', async (t) => {
  const { shop, offset } = await openShop(t);
  shop.kill('SIGKILL');
  await untilClosed(offset);
});

test('the shop closes when one of its programs ends', async (t) => {
  const { shop, offset, temporary } = await openShop(t);
  process.kill(pidOfCart(PORTS.cart + offset), 'SIGKILL');
  const { code, stderr } = await shop.ended;
  assert.equal(code, 1);
  assert.match(stderr, /cannot run the shop: cart ended \(exit code 137\)/);
  await untilClosed(offset);
  assert.deepEqual(readdirSync(temporary), []);
});
