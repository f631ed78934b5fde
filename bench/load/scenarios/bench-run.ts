// What all scenarios of one run share.

import type { Workspace } from '../machine/workspace.ts';
import type { Peer, PeerName } from '../peers/peer.ts';
import { startPeer, type RunningPeer } from '../peers/running-peer.ts';

/** The settings and the surroundings of one run. */
export interface BenchRun {
  readonly workspace: Workspace;
  readonly upstreamPort: number;
  readonly peers: readonly Peer[];
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  readonly accessLog: boolean;
  /** Tells the user what is being done. */
  readonly say: (message: string) => void;
}

/** A measurement that did not count, and why. */
export interface Failure {
  readonly cell: string;
  readonly peer: PeerName | 'direct';
  readonly reason: string;
}

/** Starts every peer with a number of routes. Those that fail to start are reported and left out. */
export async function startPeers(run: BenchRun, routes: number, failures: Failure[]): Promise<RunningPeer[]> {
  const running: RunningPeer[] = [];
  for (const peer of run.peers) {
    try {
      running.push(await startPeer(run.workspace, peer, { ...run, routes }));
    } catch (error) {
      failures.push({ cell: `start with ${routes} routes`, peer: peer.name, reason: String(error) });
    }
  }
  return running;
}

/** Stops peers. */
export async function stopPeers(running: readonly RunningPeer[]): Promise<void> {
  await Promise.all(running.map((peer) => peer.stop()));
}
