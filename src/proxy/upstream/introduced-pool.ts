import type { ProxiedAddresses } from '#codec/proxy-protocol/addresses.ts';
import type { UpstreamPool, UpstreamRequest } from './upstream-request.ts';

/**
 * Connections to an endpoint that wants to be told who the client is: what a PROXY header says holds for all of its
 * connection, so that none is shared. Each request has a pool of its own, which closes its connection behind it.
 */
export class IntroducedPool implements UpstreamPool {
  readonly #createPool: (client: ProxiedAddresses | null) => UpstreamPool;
  readonly #pools = new WeakMap<UpstreamRequest, UpstreamPool>();

  /** @param createPool makes a pool whose connections begin with who the client is; null where nobody is known */
  constructor(createPool: (client: ProxiedAddresses | null) => UpstreamPool) {
    this.#createPool = createPool;
  }

  acquire(request: UpstreamRequest): void {
    const pool = this.#createPool(request.client ?? null);
    this.#pools.set(request, pool);
    pool.acquire(request);
    pool.close(); // takes nothing more: what it has goes on
  }

  withdraw(request: UpstreamRequest): void {
    this.#pools.get(request)?.withdraw(request);
  }

  // Nothing is ever idle here, and what is under way ends by itself, or with its cluster's load.

  closeIdle(): void {}

  close(): void {}

  destroy(): void {}
}
