// `npm run bench [-- <subject> [options of it]]`: measures one subject, or one after the other all of them.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';

/** What is measured, and what it is that is compared. */
const SUBJECTS = {
  http1: 'one hop over HTTP/1.1, memory and start, beside HAProxy, nginx, Caddy, Envoy',
  http2: 'one hop over HTTP/2, and gRPC, beside HAProxy, nghttpx, Caddy, Envoy',
  tls: 'TLS at the edge, and idle connections, beside HAProxy',
  mesh: 'two hops with mutual TLS between them, beside pairs of HAProxy',
  sidecar: 'memory and start of a sidecar',
  control: 'a control plane with 1,000 services and 2,000 proxies',
} as const;

const HELP = `Usage: npm run bench                          all subjects, about a quarter of an hour
       npm run bench -- <subject> [options]   one of them; bench/README.md tells what for, and how

${Object.entries(SUBJECTS)
  .map(([name, what]) => `  ${name.padEnd(8)} ${what}`)
  .join('\n')}
`;

let running: ChildProcess | undefined;
let isStopped = false;
// It clears up, and then this one ends with it; a Ctrl-C in the terminal reaches both.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(signal));

process.exitCode = await main(process.argv.slice(2));

function stop(signal: NodeJS.Signals): void {
  isStopped = true;
  running?.kill(signal);
}

/** @returns the exit status: 1 where anything failed, 2 for a wrong command line */
async function main([subject, ...options]: readonly string[]): Promise<number> {
  if (subject === undefined) return measureAll();
  if (Object.hasOwn(SUBJECTS, subject)) return measure(subject, options);
  const isHelp = subject === '--help';
  if (!isHelp) process.stderr.write(`there is nothing to measure by the name of ${subject}\n\n`);
  process.stdout.write(HELP);
  return isHelp ? 0 : 2;
}

async function measureAll(): Promise<number> {
  let failed = 0;
  for (const [name, what] of Object.entries(SUBJECTS)) {
    process.stdout.write(`\n━━ ${name}: ${what}\n\n`);
    if ((await measure(name, [])) !== 0) failed = 1;
    if (isStopped) break;
  }
  return failed;
}

/** In a process of its own: what one has left behind in memory must not count for the next. */
function measure(subject: string, options: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${subject}.ts`), ...options], { stdio: 'inherit' });
  running = child;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
