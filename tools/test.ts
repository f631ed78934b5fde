// What `npm test` does: installs the programs that tests talk with, runs all tests, and fails if one left a process
// behind. Usage: npm test -- [file, folder or glob …] [--flag-of-node's-test-runner …]
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { globSync, statSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { installMissingPrograms } from './debian-packages.ts';
import { findLeftBehind, RUN_MARK } from './left-behind.ts';

const ROOT = dirname(import.meta.dirname);
const ALL = ['src', 'test', 'tools', 'bench', 'examples'];

/** Far above what the slowest test needs on a busy machine; a hanging one must not hold the whole run. */
const TEST_TIMEOUT_MS = 180_000;

const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith('--'));
const places = args.filter((arg) => !arg.startsWith('--'));

const files = globSync((places.length > 0 ? places : ALL).map(toGlob), { cwd: ROOT }).toSorted();
if (files.length === 0) {
  console.error(`cannot run tests: no *.test.ts in ${places.join(', ')} (name a file, a folder or a glob)`);
  process.exit(1);
}
installMissingPrograms((line) => console.log(line));
process.exitCode = await runTests();

function toGlob(place: string): string {
  const isFolder = statSync(join(ROOT, place), { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? `${place.replace(/\/+$/, '')}/**/*.test.ts` : place;
}

/** Runs in a session of its own, so that what is left of it can be found; Ctrl-C therefore has to be passed on. */
function runTests(): Promise<number> {
  const mark = randomUUID();
  const runner = spawn(process.execPath, [...runnerFlags(), ...flags, ...files], {
    cwd: ROOT,
    detached: true,
    env: { ...process.env, [RUN_MARK]: mark },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const leader = runner.pid;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => runner.kill(signal));
  return new Promise((resolve, reject) => {
    runner.on('error', reject);
    runner.on('exit', (code, signal) => {
      // The reporter has named them; here they only end, also when the runner itself was killed.
      if (leader !== undefined) for (const { pid } of findLeftBehind(leader, mark)) end(pid);
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}

function runnerFlags(): string[] {
  return [
    '--test',
    `--test-concurrency=${Math.max(2, availableParallelism())}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    `--test-reporter=${join(import.meta.dirname, 'test-reporter.ts')}`,
    '--test-reporter-destination=stdout',
  ];
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // already gone
  }
}
