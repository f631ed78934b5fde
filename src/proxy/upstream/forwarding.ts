import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { Fields } from '#http/fields.ts';
import type { RequestHead, ResponseHead } from '#http/head.ts';
import type { Attempt, Exchange } from '../exchange/exchange.ts';
import type { RunningCluster } from './cluster.ts';
import type { Endpoint } from './endpoint.ts';
import type { Http1Client } from './http1-client.ts';
import { ReplayBuffer } from './replay-buffer.ts';
import { isRetriable, retryDelayMs, MAX_RETRIES } from './retry-policy.ts';
import type { UpstreamRequest } from './upstream-request.ts';

/** For a request whose route declares no timeout: until the response's head (conventions: 15 s, streams exempt). */
const DEFAULT_REQUEST_TIMEOUT_MS = 15_000;

/** What becomes of a forwarded exchange; the assembly's part. */
export interface ForwardOutcome {
  /** The final head came: it passes the filters and goes downstream. @param complete whether no content follows */
  responded(exchange: Exchange, head: ResponseHead, complete: boolean): void;
  /** There is no response, or it broke off. */
  failed(exchange: Exchange, error: ProxyError): void;
}

/**
 * The upstream half of one exchange: chooses an endpoint, waits for a connection, sends, passes the response on; and
 * does so again where that is safe.
 *
 *   start ─▶ waiting ─▶ sent ─▶ responding ─▶ done
 *     ▲         │fail     │fail      │fail ─▶ done
 *     └─backoff─┴─────────┘
 */
export class Forwarding implements Attempt, UpstreamRequest, Expirable {
  readonly #timer = new WheelTimer(this);
  readonly #exchange: Exchange;
  readonly #cluster: RunningCluster;
  readonly #startedAtMs: number;
  #phase: 'waiting' | 'sent' | 'responding' | 'backoff' | 'done' = 'waiting';
  #endpoint: Endpoint | null = null;
  #client: Http1Client | null = null;
  /** Between the request's content and the attempts; null where the request has none. */
  #replay: ReplayBuffer | null = null;
  #retries = 0;
  /** Which deadline is set: of the whole exchange, or of this attempt alone. */
  #untilComplete = false;

  constructor(exchange: Exchange, cluster: RunningCluster, nowMs: number) {
    this.#exchange = exchange;
    this.#cluster = cluster;
    this.#startedAtMs = nowMs;
  }

  get request(): RequestHead {
    return this.#exchange.request;
  }

  /** Makes an attempt. */
  start(nowMs: number, excluded: Endpoint | null): void {
    const exchange = this.#exchange;
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
    this.#setDeadline(nowMs);
    endpoint.pool.acquire(this);
  }

  // ── Attempt: what the assembly may ask ──

  pause(): void {
    this.#client?.pause();
  }

  resume(): void {
    this.#client?.resume();
  }

  cancel(): void {
    if (this.#phase === 'done') return;
    this.#release(true);
    this.#end();
  }

  // ── UpstreamRequest: what the connection tells ──

  ready(client: Http1Client): void {
    const exchange = this.#exchange;
    this.#phase = 'sent';
    this.#client = client;
    exchange.upstreamStartedAt = this.#cluster.clock.now();
    client.send(this);
    const body = exchange.requestBody;
    if (body === null) return;
    if (this.#replay === null) {
      this.#replay = new ReplayBuffer();
      this.#replay.attach(client.content);
      body.connect(this.#replay);
    } else if (this.#replay.attach(client.content)) body.source.resume();
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
    if (!this.#untilComplete || isStream(head)) this.#cluster.clock.cancel(this.#timer);
    if (complete) {
      this.#release(false);
      this.#end();
    }
    this.#cluster.outcome.responded(exchange, head, complete);
    if (head.upgrade !== '' && !complete) this.#openTunnel();
  }

  write(chunk: Uint8Array): boolean {
    return this.#exchange.responseSink.write(chunk);
  }

  end(trailers: Fields | null): void {
    this.#release(false);
    this.#end();
    this.#exchange.responseSink.end(trailers);
  }

  fail(error: ProxyError): void {
    if (this.#phase === 'done') return;
    const endpoint = this.#endpoint;
    const responding = this.#phase === 'responding';
    this.#release(false);
    const nowMs = this.#cluster.clock.now();
    if (responding || !this.#mayRetry(error, nowMs)) {
      this.#conclude(error);
      return;
    }
    this.#retries++;
    this.#phase = 'backoff';
    this.#endpoint = endpoint; // remembered, to try another
    const delayMs = retryDelayMs(error, this.#retries);
    if (delayMs === 0) this.#retry(nowMs);
    else this.#cluster.clock.schedule(this.#timer, nowMs + delayMs);
  }

  /** The deadline has passed, or the wait before a retry is over. */
  expire(nowMs: number): void {
    if (this.#phase === 'backoff') this.#retry(nowMs);
    else if (this.#exchange.requestBody !== null && !this.#exchange.requestBody.ended) {
      // The time is the backend's: it does not run while the client still sends.
      this.#setDeadline(nowMs, nowMs);
    } else if (this.#phase !== 'done') {
      const error = new ProxyError('upstream_timeout', 'upstream', 'stream');
      this.#release(true);
      this.#conclude(error);
    }
  }

  // ── steps ──

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

  #openTunnel(): void {
    const client = this.#client;
    if (client !== null) this.#exchange.requestBody?.connect(client.content);
  }

  /** Sets the nearer of the deadlines that the rule declares, or the default. */
  #setDeadline(nowMs: number, startMs: number = this.#startedAtMs): void {
    const rule = this.#exchange.rule;
    const requestMs = rule === null ? -1 : rule.requestTimeoutMs;
    const attemptMs = rule === null ? 0 : rule.attemptTimeoutMs;
    this.#untilComplete = requestMs >= 0 || attemptMs > 0;
    let atMs = attemptMs > 0 ? nowMs + attemptMs : Infinity;
    if (requestMs > 0) atMs = Math.min(atMs, startMs + requestMs);
    else if (requestMs < 0) atMs = Math.min(atMs, startMs + DEFAULT_REQUEST_TIMEOUT_MS);
    if (atMs !== Infinity) this.#cluster.clock.schedule(this.#timer, atMs);
  }

  /** Lets the attempt's endpoint and connection go. @param abandon whether the connection is in the middle of it */
  #release(abandon: boolean): void {
    this.#cluster.clock.cancel(this.#timer);
    const endpoint = this.#endpoint;
    const client = this.#client;
    this.#endpoint = null;
    this.#client = null;
    this.#replay?.detach();
    if (endpoint === null || this.#phase === 'backoff') return;
    endpoint.activeRequests--;
    if (client === null) endpoint.pool.withdraw(this);
    else if (abandon) client.abandon();
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

/** Whether a response may last as long as it likes: server-sent events, and what a 101 switched to. */
const isStream = (head: ResponseHead): boolean =>
  head.upgrade !== '' || head.fields.first('content-type')?.startsWith('text/event-stream') === true;
