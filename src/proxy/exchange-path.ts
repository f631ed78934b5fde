import { ProxyError } from '#errors/proxy-error.ts';
import type { ResponseHead } from '#http/head.ts';
import type { AccessLog } from '#telemetry/access-log.ts';
import type { RequestMetrics } from '#telemetry/request-metrics.ts';
import type { Clock } from '#transport/clock.ts';
import { createAnswerHead, renderError } from './exchange/answer-renderer.ts';
import type { Answer } from './exchange/answer.ts';
import { breakOff } from './exchange/break-off.ts';
import {
  opensTunnel,
  type Cluster,
  type Exchange,
  type ExchangeEntry,
  type WeightedBackend,
} from './exchange/exchange.ts';
import { translateGrpcWeb } from './filters/grpc-web/grpc-web.ts';
import { runRequestFilters, runResponseFilters, type FilterOutcome } from './filters/run-filters.ts';
import { ExchangeTunnel } from './mesh/exchange-tunnel.ts';
import { describeTunnel } from './mesh/tunnel-record.ts';
import type { ForwardOutcome } from './upstream/owning-cluster.ts';

export interface ExchangePathOptions {
  readonly metrics: RequestMetrics;
  readonly accessLog: Pick<AccessLog, 'record' | 'recordStream'>;
}

/** The stages in which assemblies differ: what stands before a rule was found. */
export interface FirstStages {
  /** Says who asks and under which id, also for a request that is refused before anything else. */
  identify(exchange: Exchange): void;
  /** Leads an identified exchange to {@link ExchangePath.follow}, or ends it. */
  route(exchange: Exchange): void;
}

/**
 * The way of a request behind its route, and back: what the three assemblies have in common. They call it stage by
 * stage.
 */
export class ExchangePath implements ForwardOutcome {
  readonly #clock: Clock;
  readonly #metrics: RequestMetrics;
  readonly #accessLog: Pick<AccessLog, 'record' | 'recordStream'>;
  readonly #behindRule: FilterOutcome;
  readonly #behindBackend: FilterOutcome;

  constructor({ metrics, accessLog }: ExchangePathOptions, clock: Clock) {
    this.#clock = clock;
    this.#metrics = metrics;
    this.#accessLog = accessLog;
    const answer = (exchange: Exchange, given: Answer): void => this.answer(exchange, given);
    this.#behindRule = { proceed: (exchange) => this.#chooseBackend(exchange), answer };
    this.#behindBackend = { proceed: (exchange) => this.send(exchange), answer };
  }

  /** Makes what sessions hand their exchanges to. */
  createEntry(stages: FirstStages): ExchangeEntry {
    return {
      open: (exchange) => {
        stages.identify(exchange);
        stages.route(exchange);
      },
      refuse: (exchange, error) => {
        // What is refused before it was opened is logged under an id all the same.
        if (exchange.requestId === '') stages.identify(exchange);
        this.refuse(exchange, error);
      },
      complete: (exchange) => this.#record(exchange),
      fail: (exchange, error) => {
        exchange.error ??= error;
        exchange.attempt?.cancel(error);
        this.#record(exchange);
      },
    };
  }

  // ── the request ──

  /** Goes the way that `exchange.rule` says: its filters, a backend, that one's filters, an endpoint. */
  follow(exchange: Exchange): void {
    runRequestFilters(exchange, exchange.rule!.filters, this.#behindRule);
  }

  /** As {@link follow}, past the filters of the rule. */
  forward(exchange: Exchange): void {
    this.#chooseBackend(exchange);
  }

  #chooseBackend(exchange: Exchange): void {
    const rule = exchange.rule!;
    const backend = drawBackend(rule.backends, rule.totalWeight);
    const cluster = backend === null ? null : backend.slot.cluster;
    exchange.backend = backend;
    exchange.cluster = cluster;
    if (backend === null || cluster === null) {
      this.refuse(exchange, new ProxyError('backend_invalid', 'local', 'stream'));
      return;
    }
    sendMirrors(exchange);
    if (backend.filters.length === 0) this.#send(exchange, cluster);
    else runRequestFilters(exchange, backend.filters, this.#behindBackend);
  }

  /** Sends it to `exchange.cluster`. */
  send(exchange: Exchange): void {
    sendMirrors(exchange);
    this.#send(exchange, exchange.cluster!);
  }

  #send(exchange: Exchange, cluster: Cluster): void {
    if (exchange.grpc !== null && exchange.grpc !== 'grpc' && cluster.protocol === 'http2') {
      translateGrpcWeb(exchange, (error) => this.refuse(exchange, error));
    }
    if (exchange.request.method === 'CONNECT') new ExchangeTunnel(exchange, this.#tunnelFailed).open(cluster);
    else cluster.forward(exchange);
  }

  readonly #tunnelFailed = (exchange: Exchange, error: ProxyError): void => this.failed(exchange, error);

  // ── the response ──

  responded(exchange: Exchange, head: ResponseHead, complete: boolean): void {
    exchange.translation?.translate(head, complete);
    if (exchange.filtersPassed > 0 && !this.#filterResponse(exchange, head)) {
      exchange.attempt?.cancel(exchange.error!);
      this.refuse(exchange, exchange.error!);
      return;
    }
    exchange.translation?.expose(head);
    exchange.downstream.respond(head, complete);
  }

  failed(exchange: Exchange, error: ProxyError): void {
    exchange.error = error;
    if (exchange.phase === 'request') this.answer(exchange, renderError(error, exchange));
    else if (exchange.phase === 'response') breakOff(exchange, error);
  }

  refuse(exchange: Exchange, error: ProxyError): void {
    exchange.attempt?.cancel(error);
    this.failed(exchange, error);
  }

  answer(exchange: Exchange, answer: Answer): void {
    const head = createAnswerHead(answer, exchange.request.method);
    if (exchange.filtersPassed > 0) this.#filterResponse(exchange, head);
    exchange.translation?.expose(head);
    const complete = head.bodyLength === 0;
    exchange.downstream.respond(head, complete);
    if (complete) return;
    exchange.downstream.write(Buffer.from(answer.body!));
    exchange.downstream.end(null);
  }

  /** Backwards: the backend's filters stand nearer to the backend. */
  #filterResponse(exchange: Exchange, head: ResponseHead): boolean {
    const ruleFilters = exchange.rule!.filters;
    const backendFilters = exchange.backend?.filters ?? [];
    const backendPassed = runResponseFilters(exchange, backendFilters, head, ruleFilters.length);
    return runResponseFilters(exchange, ruleFilters, head) && backendPassed;
  }

  #record(exchange: Exchange): void {
    exchange.endedAt = this.#clock.now();
    const { request, response } = exchange;
    if (request.method === 'CONNECT' && response !== null && opensTunnel(request, response)) {
      const stream = describeTunnel(exchange);
      this.#metrics.streams.record(stream);
      this.#accessLog.recordStream(stream);
      return;
    }
    this.#metrics.record(exchange);
    this.#accessLog.record(exchange);
  }
}

/** Sends the copies that the last chain of filters asked for: each sees the request as its own chain left it. */
const sendMirrors = (exchange: Exchange): void => {
  const { mirrors } = exchange;
  if (mirrors === null) return;
  exchange.mirrors = null;
  for (const slot of mirrors) slot.cluster?.mirror(exchange);
};

/**
 * Whether an offer to switch protocols is passed on. Never `h2c`: behind it, requests would reach the backend that no
 * rule has seen. And only as a plain GET, as WebSocket has it (RFC 6455 §4.1): content would run into the tunnel.
 */
export const mayUpgrade = ({ request }: Exchange): boolean =>
  request.upgrade === '' || (request.method === 'GET' && request.bodyLength === 0 && !request.upgrade.includes('h2c'));

/** @returns one of the backends, by weight; null where there is none to choose */
const drawBackend = (backends: readonly WeightedBackend[], totalWeight: number): WeightedBackend | null => {
  if (totalWeight <= 0) return null;
  if (backends.length === 1) return backends[0]!;
  let point = Math.random() * totalWeight;
  for (const backend of backends) {
    point -= backend.weight;
    if (point < 0) return backend;
  }
  return null;
};
