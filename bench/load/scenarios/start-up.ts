// From the start of the process to its first good answer.

import { USUAL_ROUTES } from '../jobs.ts';
import { startPeers, stopPeers, type BenchRun, type Failure } from './bench-run.ts';
import { hasShop, timeShopStart } from './shop-start.ts';

/** Starts are short and vary much, so there are more of them than there are rounds elsewhere. */
const STARTS = 5;

/** How the start of Selvage with the example shop is called in the results. */
const SHOP_START = 'selvage, example shop';

/** Starts each peer several times, in turns. @returns the times in ms, by peer; the shop has a row of its own. */
export async function measureStartUp(run: BenchRun, failures: Failure[]): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(run.peers.map((peer) => [peer.name, []]));
  const isShopWanted = hasShop() && run.peers.some((peer) => peer.name === 'selvage');
  for (let start = 1; start <= STARTS; start++) {
    run.say(`start-up, ${start} of ${STARTS}`);
    for (const peer of run.peers) {
      const running = await startPeers({ ...run, peers: [peer] }, USUAL_ROUTES, failures);
      for (const { readyAfterMs } of running) times.get(peer.name)?.push(readyAfterMs);
      await stopPeers(running);
    }
    const shopMs = isShopWanted ? await timeShopStart(run, failures) : undefined;
    if (shopMs !== undefined) times.set(SHOP_START, [...(times.get(SHOP_START) ?? []), shopMs]);
  }
  return times;
}
