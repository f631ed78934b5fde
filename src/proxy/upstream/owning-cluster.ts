import type { ProxyError } from '#errors/proxy-error.ts';
import type { ResponseHead } from '#http/head.ts';
import type { Clock } from '#transport/clock.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Endpoint } from './endpoint.ts';

/** What becomes of a forwarded exchange; the assembly's part. */
export interface ForwardOutcome {
  /** The final head came: it passes the filters and goes downstream. @param complete whether no content follows */
  responded(exchange: Exchange, head: ResponseHead, complete: boolean): void;
  /** There is no response, or it broke off. */
  failed(exchange: Exchange, error: ProxyError): void;
}

/** What a request under way asks of the cluster that it belongs to. */
export interface OwningCluster {
  readonly clock: Clock;
  readonly outcome: ForwardOutcome;
  /** @param excluded an endpoint that just failed @returns null where there is none at all */
  choose(excluded: Endpoint | null): Endpoint | null;
  /** Whether one more retry may be made now; if so, it is paid for. */
  mayRetry(nowMs: number): boolean;
  /** The request is over. Called once. */
  finished(): void;
}
