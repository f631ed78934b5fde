import { ProxyError } from '#errors/proxy-error.ts';
import type { ClusterLoad } from './cluster-load.ts';
import type { UpstreamRequest } from './upstream-request.ts';

/** Requests that wait for a connection of one pool, counted at their cluster. Who came first is served first. */
export class WaitingRequests {
  readonly #load: ClusterLoad;
  readonly #requests: UpstreamRequest[] = [];

  constructor(load: ClusterLoad) {
    this.#load = load;
  }

  get size(): number {
    return this.#requests.length;
  }

  /** @returns false where the cluster's limit is reached: the request has been told */
  admit(request: UpstreamRequest): boolean {
    if (!this.#load.mayWait()) {
      request.unavailable(
        new ProxyError('upstream_overflow', 'local', 'stream', { cause: 'too many pending requests' }),
      );
      return false;
    }
    this.#load.pendingRequests++;
    this.#requests.push(request);
    return true;
  }

  /** Takes the first one out. */
  shift(): UpstreamRequest | undefined {
    const request = this.#requests.shift();
    if (request !== undefined) this.#load.pendingRequests--;
    return request;
  }

  /** @returns whether the request was waiting */
  withdraw(request: UpstreamRequest): boolean {
    const index = this.#requests.indexOf(request);
    if (index === -1) return false;
    this.#requests.splice(index, 1);
    this.#load.pendingRequests--;
    return true;
  }

  failAll(error: ProxyError): void {
    const requests = this.#requests.splice(0);
    this.#load.pendingRequests -= requests.length;
    for (const request of requests) request.unavailable(error);
  }
}
