// All simulated proxies, in as many processes as the machine has cores.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { FleetReply, FleetRequest } from './fleet-messages.ts';
import type { Identities } from './identities.ts';
import type { Size } from './population.ts';

const PROGRAM = new URL('./fleet-process.ts', import.meta.url);
const PATIENCE_MS = 120_000;

type Reply<Type extends FleetReply['type']> = FleetReply & { readonly type: Type };

export class Fleet {
  readonly #processes: readonly ChildProcess[];

  /** @param processes that share the proxies */
  constructor(processes: number) {
    // They end with the channel, and so with this process, however it ends.
    this.#processes = Array.from({ length: processes }, () => fork(PROGRAM));
    for (const child of this.#processes) child.setMaxListeners(0);
  }

  get pids(): readonly number[] {
    return this.#processes.flatMap(({ pid }) => pid ?? []);
  }

  /** Connects all. @returns when each was served first */
  async start(port: number, size: Size, identities: Identities): Promise<Reply<'settled'>> {
    const share = Math.ceil(size.proxies / this.#processes.length);
    const settled = this.next('settled');
    for (const [i, child] of this.#processes.entries()) {
      const to = Math.min(size.proxies, (i + 1) * share);
      child.send({ type: 'start', port, size, from: i * share, to, identities } satisfies FleetRequest);
    }
    return together(await settled);
  }

  /** Counts anew. @returns how many are to see the endpoints of a service change */
  async watch(service: number): Promise<number> {
    const watching = this.next('watching');
    this.#tell({ type: 'watch', service });
    return (await watching).reduce((sum, { subscribers }) => sum + subscribers, 0);
  }

  /** To be called before the change. @returns when each subscriber had it */
  async seen(): Promise<readonly number[]> {
    return (await this.next('seen')).flatMap(({ atNs }) => atNs);
  }

  async tally(): Promise<{ readonly octets: number; readonly others: readonly string[] }> {
    const tallies = this.next('tally');
    this.#tell({ type: 'tally' });
    const all = await tallies;
    return { octets: all.reduce((sum, { octets }) => sum + octets, 0), others: all.flatMap(({ others }) => others) };
  }

  /** To be called before the control plane goes. @returns when all have lost it, and then when each is served again */
  async lose(): Promise<{ readonly lost: Promise<unknown>; readonly back: Promise<Reply<'settled'>> }> {
    const lost = this.next('tally');
    const back = this.next('settled').then(together);
    this.#tell({ type: 'expect-loss' });
    return { lost, back };
  }

  /** @returns the next message of a type, of each process */
  next<Type extends FleetReply['type']>(type: Type): Promise<Reply<Type>[]> {
    return Promise.all(this.#processes.map((child) => nextOf(child, type)));
  }

  close(): void {
    for (const child of this.#processes) child.kill('SIGKILL');
  }

  #tell(request: FleetRequest): void {
    for (const child of this.#processes) child.send(request);
  }
}

async function nextOf<Type extends FleetReply['type']>(child: ChildProcess, type: Type): Promise<Reply<Type>> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const [message] = (await once(child, 'message', { signal }).catch((cause: unknown) => {
      throw new Error(`the simulated proxies never said ${type}`, { cause });
    })) as [FleetReply];
    if (message.type === type) return message as Reply<Type>;
  }
}

function together(settled: readonly Reply<'settled'>[]): Reply<'settled'> {
  return {
    type: 'settled',
    atNs: settled.flatMap(({ atNs }) => atNs),
    octets: settled.reduce((sum, { octets }) => sum + octets, 0),
  };
}
