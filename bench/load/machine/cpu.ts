// CPU time and ancestry of processes, read from /proc (proc(5)).

import { readdirSync, readFileSync } from 'node:fs';

/** The fields of `/proc/<pid>/stat` that the bench uses. Times are in clock ticks. */
export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  readonly userTicks: number;
  readonly systemTicks: number;
}

/** Linux fixes USER_HZ at 100 for what /proc shows, whatever the kernel ticks at. */
const TICK_NS = 10_000_000;

/**
 * Parses one line of `/proc/<pid>/stat`.
 *
 * The command name may hold spaces and parentheses, so fields are counted from the last `)`.
 *
 * @throws {SyntaxError} when the line has no command or too few fields.
 */
export function parseStat(line: string): ProcessStat {
  const open = line.indexOf('(');
  const close = line.lastIndexOf(')');
  const fields = line.slice(close + 2).split(' ');
  if (open < 0 || close < open || fields.length < 13) {
    throw new SyntaxError(`cannot read a process stat line: ${JSON.stringify(line.slice(0, 60))}`);
  }
  return {
    pid: Number(line.slice(0, open)),
    // Field numbers of proc(5) less 3: the state (field 3) is element 0 here.
    parentPid: Number(fields[1]),
    userTicks: Number(fields[11]),
    systemTicks: Number(fields[12]),
  };
}

/** Parses `/proc/<pid>/task/<tid>/schedstat`. @returns time on a CPU in ns, or `undefined` where the kernel keeps none. */
export function parseSchedstat(line: string): number | undefined {
  const match = /^(\d+) \d+ \d+/.exec(line);
  const onCpuNs = match === null ? 0 : Number(match[1]);
  return onCpuNs > 0 ? onCpuNs : undefined;
}

/** @returns `root` and all its descendants, found by their parents. */
export function processTree(root: number, stats: readonly ProcessStat[]): number[] {
  const tree = [root];
  for (const parent of tree) {
    for (const stat of stats) if (stat.parentPid === parent) tree.push(stat.pid);
  }
  return tree;
}

/** @returns the ids of a living process and all its descendants. */
export function livingTree(root: number): number[] {
  const stats: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    const line = /^\d+$/.test(name) ? readOrNothing(`/proc/${name}/stat`) : undefined;
    if (line !== undefined) stats.push(parseStat(line));
  }
  return processTree(root, stats);
}

/** CPU time in ns that each thread of a process tree has used so far, by `<pid>/<tid>`. */
export type CpuTimes = ReadonlyMap<string, number>;

/**
 * Reads the CPU time of all threads of a process tree, user and system.
 *
 * `schedstat` counts in ns; where the kernel keeps none, `stat` counts in ticks of 10 ms.
 */
export function readCpuTimes(root: number): CpuTimes {
  const times = new Map<string, number>();
  for (const pid of livingTree(root)) {
    for (const thread of listOrNothing(`/proc/${pid}/task`)) {
      const timeNs = threadTimeNs(`/proc/${pid}/task/${thread}`);
      if (timeNs !== undefined) times.set(`${pid}/${thread}`, timeNs);
    }
  }
  return times;
}

/**
 * @returns the CPU time in ns that was used between two readings.
 *
 * Thread by thread, so that one that ended in between does not take away what it had used before the first reading; what
 * it used since is lost. Those that carry requests stay.
 */
export function cpuTimeBetweenNs(before: CpuTimes, after: CpuTimes): number {
  let spentNs = 0;
  for (const [thread, timeNs] of after) spentNs += timeNs - (before.get(thread) ?? 0);
  return spentNs;
}

function threadTimeNs(folder: string): number | undefined {
  const precise = parseSchedstat(readOrNothing(`${folder}/schedstat`) ?? '');
  if (precise !== undefined) return precise;
  const line = readOrNothing(`${folder}/stat`);
  if (line === undefined) return undefined;
  const stat = parseStat(line);
  return (stat.userTicks + stat.systemTicks) * TICK_NS;
}

// A process or thread may end between being listed and being read.
function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function listOrNothing(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
