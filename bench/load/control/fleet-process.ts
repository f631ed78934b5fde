// Many simulated proxies in one process: forked by `fleet.ts`, told what to do by its messages.

import process from 'node:process';
import { Clock } from '#transport/clock.ts';
import type { DiscoveryChange } from '#xds/client/change-queue.ts';
import { sharedNowNs, type FleetReply, type FleetRequest } from './fleet-messages.ts';
import { clusterName } from './population.ts';
import { SimulatedProxy } from './simulated-proxy.ts';

/** Proxies that come up at once, as when a cluster grows: more would wait for their handshakes beyond their patience. */
const MOST_STARTING = 40;
const LOOK_MS = 20;

const clock = new Clock();
let proxies: readonly SimulatedProxy[] = [];
let octets = 0;
let watched = '';
let subscribers = 0;
let seenAtNs: number[] = [];
let others: string[] = [];

process.on('message', (request: FleetRequest) => void take(request));
process.once('disconnect', () => process.exit());

async function take(request: FleetRequest): Promise<void> {
  switch (request.type) {
    case 'start':
      await start(request);
      return settled();
    case 'watch':
      watched = clusterName(request.service);
      subscribers = proxies.filter(({ called }) => called.has(request.service)).length;
      [octets, seenAtNs, others] = [0, [], []];
      reply({ type: 'watching', subscribers });
      if (subscribers === 0) reply({ type: 'seen', atNs: [] });
      return;
    case 'tally':
      return reply({ type: 'tally', octets, others });
    case 'expect-loss':
      octets = 0;
      await until(() => proxies.every(({ servedAtNs }) => servedAtNs === undefined));
      reply({ type: 'tally', octets: 0, others: [] });
      await until(() => proxies.every(({ isSettled }) => isSettled));
      return settled();
  }
}

async function start({ from, to, ...rest }: FleetRequest & { readonly type: 'start' }): Promise<void> {
  const count = (length: number): void => void (octets += length);
  const own = Array.from(
    { length: to - from },
    (_, i) => new SimulatedProxy({ ...rest, workload: from + i, clock, taken: note, octets: count }),
  );
  proxies = own;
  for (const [i, proxy] of own.entries()) {
    proxy.start();
    if (i >= MOST_STARTING) await until(() => own[i - MOST_STARTING]!.servedAtNs !== undefined);
  }
  await until(() => own.every(({ isSettled }) => isSettled));
}

function note({ type, upserts, removals }: DiscoveryChange): void {
  if (watched === '') return;
  for (const { name } of upserts) {
    if (type === 'endpoints' && name === watched) seenAtNs.push(sharedNowNs());
    else others.push(`${type} ${name}`);
  }
  others.push(...removals.map((name) => `without ${type} ${name}`));
  if (seenAtNs.length === subscribers) reply({ type: 'seen', atNs: seenAtNs });
}

function settled(): void {
  reply({ type: 'settled', atNs: proxies.map(({ servedAtNs }) => servedAtNs ?? 0), octets });
}

function reply(message: FleetReply): void {
  process.send?.(message);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}
