// How busy the machine is with things that are not the bench.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Clock ticks of all CPUs together since the machine started. */
export interface MachineTicks {
  readonly idle: number;
  readonly total: number;
}

const WATCH_MS = 1_000;

/** Parses the first line of `/proc/stat` (proc(5)). Time stolen by the hypervisor counts as busy. */
export function parseMachineTicks(text: string): MachineTicks {
  // user, nice, system, idle, iowait, irq, softirq, steal; the two guest fields after them are part of user and nice.
  const fields = /^cpu +(.+)$/m.exec(text)?.[1]?.split(' ').slice(0, 8).map(Number) ?? [];
  const total = fields.reduce((sum, ticks) => sum + ticks, 0);
  return { idle: (fields[3] ?? 0) + (fields[4] ?? 0), total };
}

/** Watches for a second while the bench does nothing. @returns the busy share of all CPUs, between 0 and 1. */
export async function backgroundShare(): Promise<number> {
  const before = parseMachineTicks(readFileSync('/proc/stat', 'latin1'));
  await sleep(WATCH_MS);
  const after = parseMachineTicks(readFileSync('/proc/stat', 'latin1'));
  return 1 - (after.idle - before.idle) / Math.max(1, after.total - before.total);
}
