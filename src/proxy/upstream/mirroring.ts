import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import type { ProxiedAddresses } from '#codec/proxy-protocol/addresses.ts';
import { RequestHead } from '#http/head.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { addressesOf } from '../exchange/peer-addresses.ts';
import type { RequestBody } from '../exchange/request-body.ts';
import type { Endpoint } from './endpoint.ts';
import { MirroredContent } from './mirrored-content.ts';
import type { OwningCluster } from './owning-cluster.ts';
import type { UpstreamLease, UpstreamRequest } from './upstream-request.ts';

/** For the whole of a copy, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** A copy of an exchange's request, whose response is read and dropped. The exchange neither waits for it nor knows. */
export class Mirroring implements UpstreamRequest, Expirable {
  readonly #timer = new WheelTimer(this);
  readonly request: RequestHead;
  readonly client: ProxiedAddresses;
  readonly #cluster: OwningCluster;
  readonly #endpoint: Endpoint;
  readonly #original: RequestBody | null;
  readonly #content: MirroredContent | null;
  #lease: UpstreamLease | null = null;
  #done = false;

  constructor(exchange: Exchange, endpoint: Endpoint, cluster: OwningCluster) {
    this.request = copyOf(exchange.request);
    this.client = addressesOf(exchange.peer);
    this.#endpoint = endpoint;
    this.#cluster = cluster;
    this.#original = exchange.requestBody;
    this.#content = this.#original === null ? null : new MirroredContent(() => this.#giveUp());
  }

  start(): void {
    this.#endpoint.activeRequests++;
    this.#cluster.clock.schedule(this.#timer, this.#cluster.clock.now() + TIMEOUT_MS);
    if (this.#content !== null) this.#original?.copyTo(this.#content);
    if (!this.#done) this.#endpoint.pool.acquire(this);
  }

  ready(lease: UpstreamLease): void {
    this.#lease = lease;
    lease.send(this);
    this.#content?.attach(lease.content);
  }

  unavailable(): void {
    this.#finish();
  }

  writable(): void {
    this.#content?.resume();
  }

  inform(): void {}

  respond(_head: unknown, complete: boolean): void {
    if (complete) this.#finish();
  }

  write(): boolean {
    return true;
  }

  end(): void {
    this.#finish();
  }

  fail(): void {
    this.#finish();
  }

  expire(): void {
    this.#giveUp();
  }

  #giveUp(): void {
    if (this.#done) return;
    if (this.#lease === null) this.#endpoint.pool.withdraw(this);
    else this.#lease.abandon();
    this.#finish();
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#lease = null;
    this.#content?.close();
    this.#cluster.clock.cancel(this.#timer);
    this.#endpoint.activeRequests--;
    this.#cluster.finished();
  }
}

/** The request as it is now: filters of the chosen backend may still change the original. A copy upgrades to nothing. */
const copyOf = (request: RequestHead): RequestHead => {
  const { method, target, authority, path, query, version } = request;
  const copy = new RequestHead(method, target, authority, path, query, request.fields.clone(), version);
  copy.scheme = request.scheme;
  copy.bodyLength = request.bodyLength;
  copy.acceptsTrailers = request.acceptsTrailers;
  return copy;
};
