// Memory: idle after the start, with many idle connections, and under load.

import { setTimeout as sleep } from 'node:timers/promises';
import { openIdleConnections } from '../generators/idle-connections.ts';
import { runWrk } from '../generators/wrk.ts';
import { USUAL_ROUTES } from '../jobs.ts';
import { memoryUse, type MemoryUse } from '../machine/memory.ts';
import type { PeerName } from '../peers/peer.ts';
import type { RunningPeer } from '../peers/running-peer.ts';
import { startPeers, stopPeers, type BenchRun, type Failure } from './bench-run.ts';

/** Memory of one peer. */
export interface MemoryResult {
  /** Five seconds after the first answer. */
  readonly idle: MemoryUse;
  /** With {@link IDLE_CONNECTIONS} keep-alive connections that each made one request. */
  readonly connected: MemoryUse;
  /** The most that was seen under 64 connections of small requests. */
  readonly loaded: MemoryUse;
}

/** How many connections the second figure is about. */
export const IDLE_CONNECTIONS = 1_000;
const SETTLE_MS = 5_000;
const LOAD = { resource: 'small', connections: 64, routes: USUAL_ROUTES } as const;
const LOAD_SECONDS = 3;

/** Measures the memory of each peer, freshly started. */
export async function measureMemory(run: BenchRun, failures: Failure[]): Promise<Map<PeerName, MemoryResult>> {
  run.say('memory');
  const results = new Map<PeerName, MemoryResult>();
  const running = await startPeers(run, USUAL_ROUTES, failures);
  await sleep(SETTLE_MS);
  for (const peer of running) {
    try {
      results.set(peer.name, await measureOne(run, peer));
    } catch (error) {
      failures.push({ cell: 'memory', peer: peer.name, reason: String(error) });
    }
  }
  await stopPeers(running);
  return results;
}

async function measureOne(run: BenchRun, peer: RunningPeer): Promise<MemoryResult> {
  const idle = memoryUse(peer.pid);
  const close = await openIdleConnections(peer.port, '/r0/small', IDLE_CONNECTIONS);
  await sleep(500);
  const connected = memoryUse(peer.pid);
  close();
  return { idle, connected, loaded: await underLoad(run, peer) };
}

async function underLoad(run: BenchRun, peer: RunningPeer): Promise<MemoryUse> {
  let most = memoryUse(peer.pid);
  const watch = setInterval(() => {
    const now = memoryUse(peer.pid);
    if (now.rssKiB > most.rssKiB) most = now;
  }, 250);
  try {
    await runWrk(run.workspace, peer.port, LOAD, LOAD_SECONDS);
  } finally {
    clearInterval(watch);
    peer.emptyLog();
  }
  return most;
}
