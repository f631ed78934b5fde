// Memory of processes, read from /proc/<pid>/smaps_rollup (proc(5)).

import { readFileSync } from 'node:fs';
import { livingTree } from './cpu.ts';

/**
 * Memory of a process tree in KiB.
 *
 * `rss` counts shared pages in full, as `ps` and container limits do. `pss` divides each page by the number of processes
 * that map it: the bench runs on the same Node binary as Selvage, so Selvage's `pss` looks a little better than alone.
 */
export interface MemoryUse {
  readonly rssKiB: number;
  readonly pssKiB: number;
}

/** Parses `/proc/<pid>/smaps_rollup`. */
export function parseSmapsRollup(text: string): MemoryUse {
  return { rssKiB: kibOf(text, 'Rss'), pssKiB: kibOf(text, 'Pss') };
}

/** @returns the memory of a living process and all its descendants. */
export function memoryUse(root: number): MemoryUse {
  let rssKiB = 0;
  let pssKiB = 0;
  for (const pid of livingTree(root)) {
    const use = readUse(pid);
    rssKiB += use.rssKiB;
    pssKiB += use.pssKiB;
  }
  return { rssKiB, pssKiB };
}

/** @returns what a process itself has resident, as `VmRSS` of `/proc/<pid>/status` says, in KiB */
export function residentKiB(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(match?.[1] ?? Number.NaN);
}

function readUse(pid: number): MemoryUse {
  try {
    return parseSmapsRollup(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
  } catch {
    return { rssKiB: 0, pssKiB: 0 };
  }
}

function kibOf(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match === null ? 0 : Number(match[1]);
}
