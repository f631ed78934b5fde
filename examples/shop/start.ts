// Runs the example shop: its services and `selvage up` in front of them, until Ctrl-C.
// Usage: npm start [-- --port-offset <n>]
import { fork, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parseArgs, styleText } from 'node:util';
import { findTakenPort, listPrograms, movePorts, PORTS, type Program } from './programs.ts';

const HERE = import.meta.dirname;
const LAUNCHER = join(HERE, '../../bin/selvage.cjs');
/** What one waits for at most when stopping: far above what the shop's requests take. */
const STOP_TIMEOUT_MS = 10_000;

const offset = readOffset();
const taken = await findTakenPort(offset);
if (taken !== undefined) {
  const remedy = `stop that process, or move all ports of the shop: npm start -- --port-offset ${offset + 1000}`;
  console.error(
    `cannot start the shop: another process listens on port ${taken.port}, which is for ${taken.name} (${remedy})`,
  );
  process.exit(1);
}

const children = new Map<string, ChildProcess>();
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));

const config = offset === 0 ? join(HERE, 'config') : moveConfig();
process.on('exit', () => {
  for (const child of children.values()) child.kill('SIGKILL');
  if (offset !== 0) rmSync(config, { recursive: true, force: true });
});
await Promise.all([startGateway(), ...listPrograms(offset).map(startService)]);
if (!isStopping) explain();

function readOffset(): number {
  const { values } = parseArgs({ options: { 'port-offset': { type: 'string', default: '0' } } });
  const number = Number(values['port-offset']);
  if (Number.isInteger(number) && number >= 0 && number <= 40_000) return number;
  console.error('cannot read --port-offset: give a whole number from 0 to 40000');
  process.exit(1);
}

/** The documents name ports: others need documents of their own. */
function moveConfig(): string {
  const folder = mkdtempSync(join(tmpdir(), 'selvage-shop-'));
  cpSync(join(HERE, 'config'), folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    writeFileSync(path, movePorts(readFileSync(path, 'utf8'), offset));
  }
  return folder;
}

function startService({ name, file, port, env }: Program): Promise<void> {
  const child = fork(file, {
    env: { ...process.env, ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    // Ctrl-C in a terminal reaches the whole group, but the services must outlive the requests that are still open.
    detached: true,
  });
  return untilSaid(name, child, child.stdout, /listens on port/);
}

function startGateway(): Promise<void> {
  const args = ['up', nameOf(config), '--admin-port', String(PORTS.admin + offset), '--access-log', 'stdout'];
  const child = fork(LAUNCHER, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true });
  hearLines(child.stdout, tellRequest);
  hearLines(child.stderr, (line) => console.error(styleText('dim', line, { stream: process.stderr })));
  return untilSaid('selvage', child, child.stderr, /^ready after/m);
}

function hearLines(output: Readable | null, hear: (line: string) => void): void {
  if (output !== null) createInterface(output).on('line', hear);
}

/** Waits until a program has said that it is ready; when one ends too early, everything does. */
function untilSaid(name: string, child: ChildProcess, output: Readable | null, words: RegExp): Promise<void> {
  children.set(name, child);
  let said = '';
  return new Promise((resolve) => {
    output?.setEncoding('utf8').on('data', (text: string) => {
      if (words.test((said += text))) resolve();
      said = said.slice(-1000);
    });
    child.on('exit', (code, signal) => {
      children.delete(name);
      resolve();
      if (isStopping) return;
      console.error(`cannot run the shop: ${name} ended (${signal ?? `exit code ${code}`})`);
      void stop(1);
    });
  });
}

/** The gateway first: it lets open requests finish, for which the services must be there. */
async function stop(exitCode: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
  const gateway = children.get('selvage');
  if (gateway !== undefined) await end(gateway);
  await Promise.all([...children.values()].map(end));
  process.exit(exitCode);
}

function end(child: ChildProcess): Promise<unknown> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  return ended;
}

/** As one would type it. */
function nameOf(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

/** One line of the access log, shortened for the eye. */
function tellRequest(line: string): void {
  const {
    method,
    host,
    path,
    status,
    cluster = 'the gateway itself',
    durationMs,
  } = JSON.parse(line) as Record<string, string>;
  const service = cluster.replace(/^Service\/shop\/(.*):80$/, '$1');
  const tone = Number(status) < 400 ? 'green' : 'red';
  console.log(`${styleText(tone, String(status))} ${method} http://${host}${path} → ${service} in ${durationMs} ms`);
}

function explain(): void {
  const gateway = `localhost:${PORTS.gateway + offset}`;
  const services = listPrograms(offset).map(({ name, port }) => `${name} ${port}`);
  const documents = nameOf(config);
  const selvage = nameOf(LAUNCHER);
  const json = "-H 'content-type: application/json'";
  console.log(`
The shop is open: http://${gateway}

  services   ${services.join(', ')}
  gateway    ${PORTS.gateway + offset}, admin ${PORTS.admin + offset}
  documents  ${documents} (change one and save it: it is applied at once)

Try:
  curl http://api.${gateway}/v1/products                     # one in ten is answered by the new version
  curl http://api.${gateway}/v1/products -H 'x-beta: true'   # always the new version
  curl http://api.${gateway}/v1/search?q=denim               # the new version gets a copy
  curl http://api.${gateway}/v1/carts/ada ${json} -d '{"product": "denim", "quantity": 2}'
  curl http://api.${gateway}/v1/orders ${json} -d '{"customer": "ada", "amountCents": 6900}'
  curl -i http://${gateway}/index.php                        # moved
  curl http://127.0.0.1:${PORTS.admin + offset}/metrics
  ${selvage} explain ${documents} GET http://api.${gateway}/v1/products

Ctrl-C closes it.
`);
}
