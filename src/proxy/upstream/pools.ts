import type { ClusterProtocol } from '#model/snapshot/cluster.ts';
import type { Clock } from '#transport/clock.ts';
import type { Dial } from '#transport/connect.ts';
import type { ClusterLoad } from './cluster-load.ts';
import { Http1Pool } from './http1-pool.ts';
import type { Reach } from './reach.ts';
import type { UpstreamPool } from './upstream-request.ts';

type PoolClass = new (dial: Dial, load: ClusterLoad, reach: Reach, clock: Clock, isWatched?: boolean) => UpstreamPool;

/** The kinds of pools, by what clusters speak. HTTP/2 takes 3 MB and is loaded with the first cluster that speaks it. */
export class Pools {
  #http2: PoolClass | null = null;

  /** Must have returned before a cluster that speaks `protocol` is made. */
  async load(protocol: ClusterProtocol): Promise<void> {
    if (protocol === 'http2') this.#http2 ??= (await import('./http2-pool.ts')).Http2Pool;
  }

  /** @throws Error where that protocol was not loaded */
  of(protocol: ClusterProtocol): PoolClass {
    if (protocol === 'http1') return Http1Pool;
    if (this.#http2 === null) throw new Error('cannot make a pool for HTTP/2: it was not loaded before its cluster');
    return this.#http2;
  }
}
