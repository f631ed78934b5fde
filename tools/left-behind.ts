import { readdirSync, readFileSync } from 'node:fs';

/** A process that a test started and did not end. */
export type LeftBehind = { readonly pid: number; readonly commandLine: string };

/** The variable that marks all processes of one test run, also those that left its session. */
export const RUN_MARK = 'SELVAGE_TEST_RUN';

/**
 * Lists the processes of a test run, except its leader.
 *
 * They are known by their session, which a child keeps unless it starts its own, and by a variable in their environment,
 * which a child keeps unless it is given another: a daemon changes one of the two, seldom both.
 *
 * @param leader - pid of the test runner, which leads the run's session
 * @param mark - value of `RUN_MARK` in the run's environment
 */
export function findLeftBehind(leader: number, mark: string): LeftBehind[] {
  const pids = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  return pids.flatMap((pid) => {
    if (pid === leader || !belongsToRun(pid, leader, mark)) return [];
    const commandLine = read(pid, 'cmdline').replaceAll('\0', ' ').trim();
    return [{ pid, commandLine: commandLine === '' ? '(unknown)' : commandLine }];
  });
}

/**
 * Waits until none is left: a process that was told to end may need a moment.
 *
 * @param patienceMs - how long to wait
 * @returns those that are still there
 */
export async function awaitNoneLeft(leader: number, mark: string, patienceMs: number): Promise<LeftBehind[]> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const left = findLeftBehind(leader, mark);
    if (left.length === 0 || performance.now() >= untilMs) return left;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function belongsToRun(pid: number, leader: number, mark: string): boolean {
  const stat = read(pid, 'stat');
  // proc(5): after the name in parentheses come state, ppid, pgrp and session.
  const [state, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === undefined || state === '' || state === 'Z' || state === 'X') return false;
  return session === String(leader) || read(pid, 'environ').split('\0').includes(`${RUN_MARK}=${mark}`);
}

/** A process may end while it is looked at, and the environment of another user's is closed to us. */
function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
