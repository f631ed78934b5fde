// From the start of the process to its first good answer.

import { USUAL_ROUTES } from '../jobs.ts';
import type { PeerName } from '../peers/peer.ts';
import { startPeers, stopPeers, type BenchRun, type Failure } from './bench-run.ts';

/** Starts are short and vary much, so there are more of them than there are rounds elsewhere. */
const STARTS = 5;

/** Starts each peer several times, in turns. @returns the times in ms. */
export async function measureStartUp(run: BenchRun, failures: Failure[]): Promise<Map<PeerName, number[]>> {
  const times = new Map<PeerName, number[]>(run.peers.map((peer) => [peer.name, []]));
  for (let start = 1; start <= STARTS; start++) {
    run.say(`start-up, ${start} of ${STARTS}`);
    for (const peer of run.peers) {
      const running = await startPeers({ ...run, peers: [peer] }, USUAL_ROUTES, failures);
      for (const { readyAfterMs } of running) times.get(peer.name)?.push(readyAfterMs);
      await stopPeers(running);
    }
  }
  return times;
}
