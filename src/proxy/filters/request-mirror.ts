import type { ClusterSlot, Exchange, Filter } from '../exchange/exchange.ts';

/** Keeps copies from a Service whose policies would refuse the request itself. */
export interface MirrorGuard {
  permits(exchange: Exchange): boolean;
}

/** Sends a copy of a share of the requests to another cluster, whose responses nobody sees. */
export class RequestMirror implements Filter {
  readonly name = 'RequestMirror';
  readonly #slot: ClusterSlot;
  /** 0 … 1 */
  readonly #share: number;

  readonly #guard: MirrorGuard | null;

  /** @param guard the policies of the Service that gets the copies; null for none */
  constructor(slot: ClusterSlot, share: number, guard: MirrorGuard | null = null) {
    this.#slot = slot;
    this.#share = share;
    this.#guard = guard;
  }

  onRequest(exchange: Exchange): undefined {
    if (this.#slot.cluster === null) return; // a copy that cannot be sent must not cost the request anything
    if (this.#share < 1 && Math.random() >= this.#share) return;
    if (this.#guard !== null && !this.#guard.permits(exchange)) return;
    if (exchange.mirrors === null) exchange.mirrors = [this.#slot];
    else exchange.mirrors.push(this.#slot);
  }
}
