import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import type { ProxiedAddresses } from '#codec/proxy-protocol/addresses.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { Fields } from '#http/fields.ts';
import type { RequestHead, ResponseHead } from '#http/head.ts';
import { readCallerDeadline, writeCallerDeadline } from '../exchange/caller-deadline.ts';
import type { Attempt, Exchange } from '../exchange/exchange.ts';
import { addressesOf } from '../exchange/peer-addresses.ts';
import type { Endpoint } from './endpoint.ts';
import type { OwningCluster } from './owning-cluster.ts';
import { ReplayBuffer } from './replay-buffer.ts';
import { isRetriable, retryDelayMs, MAX_RETRIES } from './retry-policy.ts';
import type { UpstreamLease, UpstreamRequest } from './upstream-request.ts';

/** For a request whose route declares no timeout: until the response's head (conventions: 15 s, streams exempt). */
const DEFAULT_REQUEST_TIMEOUT_MS = 15_000;
/** How long a tunnel whose halves have both ended may take to send what is left, in milliseconds. */
const TUNNEL_CLOSE_MS = 15_000;

/**
 * The upstream half of one exchange: chooses an endpoint, waits for a connection, sends, passes the response on; and
 * does so again where that is safe.
 *
 *   start ─▶ waiting ─▶ sent ─┬─▶ responding ─────────────────────────────────▶ done
 *     ▲         │fail     │fail └─101─▶ tunnel ─both halves ended─▶ closing ──────▶ done
 *     └─backoff─┴─────────┘
 *
 * Cancelled, or failed where no retry is safe, it is done from anywhere.
 */
export class Forwarding implements Attempt, UpstreamRequest, Expirable {
  readonly #timer = new WheelTimer(this);
  readonly #exchange: Exchange;
  readonly #cluster: OwningCluster;
  #phase: 'waiting' | 'sent' | 'responding' | 'backoff' | 'tunnel' | 'closing' | 'done' = 'waiting';
  #endpoint: Endpoint | null = null;
  #lease: UpstreamLease | null = null;
  /** Between the request's content and the attempts; null where the request has none. */
  #replay: ReplayBuffer | null = null;
  #retries = 0;
  /** Whether the deadline is for the whole response, or for its head alone. */
  #untilComplete = false;
  /** From when on the time of the whole request counts. */
  #countedFromMs: number;
  /** Until when the caller waits; Infinity where it does not say. */
  #callerDeadlineMs = Infinity;
  /** Octets of the request's content that had come when the deadline was set. */
  #contentBytes = 0;
  #serverEnded = false;
  #clientEnded = false;

  constructor(exchange: Exchange, cluster: OwningCluster, nowMs: number) {
    this.#exchange = exchange;
    this.#cluster = cluster;
    this.#countedFromMs = nowMs;
  }

  get request(): RequestHead {
    return this.#exchange.request;
  }

  get client(): ProxiedAddresses {
    return addressesOf(this.#exchange.peer);
  }

  /** Makes the first attempt. */
  begin(nowMs: number): void {
    const deadline = readCallerDeadline(this.#exchange);
    if (deadline instanceof ProxyError) {
      this.#conclude(deadline);
      return;
    }
    this.#callerDeadlineMs = deadline;
    this.start(nowMs, null);
  }

  /** Makes an attempt. */
  start(nowMs: number, excluded: Endpoint | null): void {
    const exchange = this.#exchange;
    if (this.#callerDeadlineMs !== Infinity) {
      if (nowMs >= this.#callerDeadlineMs) {
        this.#conclude(CALLER_GAVE_UP);
        return;
      }
      writeCallerDeadline(exchange, this.#callerDeadlineMs - nowMs);
    }
    const endpoint = this.#cluster.choose(excluded);
    if (endpoint === null) {
      this.#conclude(new ProxyError('no_healthy_upstream', 'local', 'stream'));
      return;
    }
    this.#phase = 'waiting';
    this.#endpoint = endpoint;
    endpoint.activeRequests++;
    exchange.attempts++;
    exchange.endpoint = endpoint.label;
    if (endpoint.hop !== null) exchange.hop = endpoint.hop;
    this.#setDeadline(nowMs);
    endpoint.pool.acquire(this);
  }

  // ── Attempt: what the assembly may ask ──

  pause(): void {
    this.#lease?.pause();
  }

  resume(): void {
    this.#lease?.resume();
  }

  cancel(): void {
    if (this.#phase === 'done') return;
    this.#release(true);
    this.#end();
  }

  // ── UpstreamRequest: what the connection tells ──

  ready(lease: UpstreamLease): void {
    const exchange = this.#exchange;
    this.#phase = 'sent';
    this.#lease = lease;
    exchange.upstreamStartedAt = this.#cluster.clock.now();
    lease.send(this);
    const body = exchange.requestBody;
    if (body === null) return;
    if (this.#replay === null) {
      this.#replay = new ReplayBuffer();
      this.#replay.attach(lease.content);
      body.connect(this.#replay);
    } else if (this.#replay.attach(lease.content) || body.ended) body.source.resume();
  }

  unavailable(error: ProxyError): void {
    this.fail(error);
  }

  writable(): void {
    this.#exchange.requestBody?.source.resume();
  }

  inform(head: ResponseHead): void {
    if (this.#exchange.phase === 'request') this.#exchange.downstream.inform(head);
  }

  respond(head: ResponseHead, complete: boolean): void {
    const exchange = this.#exchange;
    this.#phase = 'responding';
    this.#replay?.forget();
    exchange.upstreamRespondedAt = this.#cluster.clock.now();
    if (head.upgrade !== '') this.#callerDeadlineMs = Infinity; // what follows is no answer that anybody waits for
    if (!this.#untilComplete || isStream(head)) this.#liftDeadline();
    if (complete) {
      this.#release(false);
      this.#end();
    }
    this.#cluster.outcome.responded(exchange, head, complete);
    if (head.upgrade !== '') this.#openTunnel();
  }

  write(chunk: Uint8Array): boolean {
    return this.#exchange.responseSink.write(chunk);
  }

  end(trailers: Fields | null): void {
    if (this.#phase === 'tunnel') this.#endServerHalf();
    else {
      const responding = this.#phase === 'responding';
      this.#release(false);
      this.#end();
      if (responding) this.#exchange.responseSink.end(trailers);
    }
  }

  fail(error: ProxyError): void {
    if (this.#phase === 'done') return;
    const endpoint = this.#endpoint;
    const phase = this.#phase;
    this.#release(false);
    const nowMs = this.#cluster.clock.now();
    if (phase === 'closing') this.#end();
    else if (phase === 'responding' || phase === 'tunnel' || !this.#mayRetry(error, nowMs)) this.#conclude(error);
    else this.#backOff(error, endpoint, nowMs);
  }

  /** The deadline has passed, or the wait before a retry is over. */
  expire(nowMs: number): void {
    if (this.#phase === 'backoff') this.#retry(nowMs);
    else if (this.#phase === 'closing') this.cancel();
    else if (nowMs >= this.#callerDeadlineMs) {
      this.#release(true);
      this.#conclude(CALLER_GAVE_UP);
    } else if (this.#waitsForClient()) {
      this.#countedFromMs = nowMs;
      this.#setDeadline(nowMs);
    } else if (this.#completedSinceMs() > this.#countedFromMs) {
      this.#countedFromMs = this.#completedSinceMs();
      this.#setDeadline(this.#countedFromMs);
    } else if (this.#phase !== 'done') {
      this.#release(true);
      this.#conclude(new ProxyError('upstream_timeout', 'upstream', 'stream'));
    }
  }

  // ── steps ──

  #backOff(error: ProxyError, endpoint: Endpoint | null, nowMs: number): void {
    this.#retries++;
    this.#phase = 'backoff';
    this.#endpoint = endpoint; // remembered, to try another
    if (error.retry === 'idempotent') endpoint?.pool.closeIdle(); // what went stale did not do so alone
    const delayMs = retryDelayMs(error, this.#retries);
    if (delayMs === 0) this.#retry(nowMs);
    else this.#cluster.clock.schedule(this.#timer, nowMs + delayMs);
  }

  #retry(nowMs: number): void {
    const failed = this.#endpoint;
    this.#endpoint = null;
    this.start(nowMs, failed);
  }

  #mayRetry(error: ProxyError, nowMs: number): boolean {
    const exchange = this.#exchange;
    return (
      exchange.phase === 'request' &&
      this.#retries < MAX_RETRIES &&
      isRetriable(error, exchange.request.method) &&
      (this.#replay === null || this.#replay.replayable) &&
      this.#cluster.mayRetry(nowMs)
    );
  }

  /**
   * Whether the request is not complete for the client's sake: the time that a route declares is the backend's. Where
   * nothing moved because the backend takes no more, it is the backend that is late.
   */
  #waitsForClient(): boolean {
    const body = this.#exchange.requestBody;
    if (body === null || body.ended || this.#lease === null) return false;
    return body.bytes !== this.#contentBytes || !this.#lease.congested;
  }

  /** When the client had sent all of the request; 0 where it has not, or had nothing to send. */
  #completedSinceMs(): number {
    const body = this.#exchange.requestBody;
    return body?.ended === true ? body.endedAtMs : 0;
  }

  // ── behind a 101 ──

  #openTunnel(): void {
    const lease = this.#lease;
    if (lease === null || this.#phase !== 'responding') return;
    this.#phase = 'tunnel';
    this.#exchange.requestBody?.connect({
      write: (chunk) => lease.content.write(chunk),
      end: () => {
        this.#clientEnded = true;
        this.#closeTunnel(); // first: a connection whose halves have both ended may say so at once
        lease.content.end(null);
      },
      abort: (error) => lease.content.abort(error),
    });
  }

  #endServerHalf(): void {
    if (this.#serverEnded) return;
    this.#serverEnded = true;
    this.#closeTunnel();
    this.#exchange.responseSink.end(null);
  }

  /** With both halves ended, what is left is to send what is queued; the connection's end then ends this. */
  #closeTunnel(): void {
    if (!this.#clientEnded || !this.#serverEnded || this.#phase !== 'tunnel') return;
    this.#phase = 'closing';
    this.#cluster.clock.schedule(this.#timer, this.#cluster.clock.now() + TUNNEL_CLOSE_MS);
  }

  // ── time ──

  /** Sets the nearer of the deadlines that the rule declares; the default where it declares none. */
  #setDeadline(nowMs: number): void {
    const rule = this.#exchange.rule;
    const attemptMs = rule === null ? 0 : rule.attemptTimeoutMs;
    const declaredMs = rule === null ? -1 : rule.requestTimeoutMs;
    this.#untilComplete = declaredMs >= 0 || attemptMs > 0;
    // gRPC has its own deadlines, and a call may be a stream whose first answer comes after hours.
    const defaultMs = this.#exchange.grpc === null ? DEFAULT_REQUEST_TIMEOUT_MS : 0;
    const requestMs = this.#untilComplete ? declaredMs : defaultMs;
    let atMs = attemptMs > 0 ? Math.min(nowMs + attemptMs, this.#callerDeadlineMs) : this.#callerDeadlineMs;
    if (requestMs > 0) atMs = Math.min(atMs, this.#countedFromMs + requestMs);
    const body = this.#exchange.requestBody;
    if (body !== null) this.#contentBytes = body.bytes;
    if (atMs !== Infinity) this.#cluster.clock.schedule(this.#timer, atMs);
  }

  /** What the route declares is over; what the caller said stands. */
  #liftDeadline(): void {
    if (this.#callerDeadlineMs === Infinity) this.#cluster.clock.cancel(this.#timer);
    else this.#cluster.clock.schedule(this.#timer, this.#callerDeadlineMs);
  }

  /** Lets the attempt's endpoint and connection go. @param abandon whether the connection is in the middle of it */
  #release(abandon: boolean): void {
    this.#cluster.clock.cancel(this.#timer);
    const endpoint = this.#endpoint;
    const lease = this.#lease;
    this.#endpoint = null;
    this.#lease = null;
    this.#replay?.detach();
    if (endpoint === null || this.#phase === 'backoff') return;
    endpoint.activeRequests--;
    if (lease === null) endpoint.pool.withdraw(this);
    else if (abandon) lease.abandon();
  }

  #end(): void {
    if (this.#phase === 'done') return;
    this.#phase = 'done';
    this.#exchange.attempt = null;
    this.#cluster.finished();
  }

  #conclude(error: ProxyError): void {
    this.#end();
    this.#cluster.outcome.failed(this.#exchange, error);
  }
}

const CALLER_GAVE_UP = new ProxyError('upstream_timeout', 'upstream', 'stream', {
  cause: 'the deadline of the caller',
});

/** Whether a response may last as long as it likes: server-sent events, and what a 101 switched to. */
const isStream = (head: ResponseHead): boolean =>
  head.upgrade !== '' || head.fields.first('content-type')?.startsWith('text/event-stream') === true;
