import type { ClusterSlot, Exchange, Filter } from '../exchange/exchange.ts';

/** Sends a copy of a share of the requests to another cluster, whose responses nobody sees. */
export class RequestMirror implements Filter {
  readonly name = 'RequestMirror';
  readonly #slot: ClusterSlot;
  /** 0 … 1 */
  readonly #share: number;

  constructor(slot: ClusterSlot, share: number) {
    this.#slot = slot;
    this.#share = share;
  }

  onRequest(exchange: Exchange): undefined {
    if (this.#slot.cluster === null) return; // a copy that cannot be sent must not cost the request anything
    if (this.#share < 1 && Math.random() >= this.#share) return;
    if (exchange.mirrors === null) exchange.mirrors = [this.#slot];
    else exchange.mirrors.push(this.#slot);
  }
}
