import { ProxyError } from '#errors/proxy-error.ts';
import type { ResponseHead } from '#http/head.ts';
import type { Answer } from '../exchange/answer.ts';
import { renderError } from '../exchange/answer-renderer.ts';
import type { Exchange, Filter, Verdict } from '../exchange/exchange.ts';

/** What becomes of an exchange behind a chain of filters. One object for all exchanges of an assembly. */
export interface FilterOutcome {
  /** All filters let it pass. */
  proceed(exchange: Exchange): void;
  /** One answered; those behind it never see the request. */
  answer(exchange: Exchange, answer: Answer): void;
}

/**
 * Runs a chain of filters over a request. Returns with the outcome told, unless a filter takes its time: then the
 * outcome is told when that is over, or never where the exchange ended or was answered meanwhile.
 *
 * An exchange may pass several chains, one after the other: those of the rule, then those of the backend.
 * `filtersPassed` counts through all of them, and a filter that answers is not counted: it does not see its own answer.
 */
export function runRequestFilters(exchange: Exchange, filters: readonly Filter[], then: FilterOutcome): void {
  runFrom(0, exchange, filters, then);
}

/**
 * Runs a chain of filters over a response, backwards, over those alone that the request passed. Call it for the
 * backend's chain first.
 * @param before how many filters the chains before this one have
 * @returns false where a filter failed: the response must not be sent, as it may say what that filter was to hide.
 *   `exchange.error` then says why, and the rest of the chain ran.
 */
export function runResponseFilters(
  exchange: Exchange,
  filters: readonly Filter[],
  response: ResponseHead,
  before: number = 0,
): boolean {
  let done = true;
  for (let i = Math.min(exchange.filtersPassed - before, filters.length) - 1; i >= 0; i--) {
    const filter = filters[i]!;
    if (filter.onResponse === undefined) continue;
    try {
      filter.onResponse(exchange, response);
    } catch (thrown) {
      exchange.error = failure(filter, thrown);
      done = false;
    }
  }
  return done;
}

function runFrom(start: number, exchange: Exchange, filters: readonly Filter[], then: FilterOutcome): void {
  for (let i = start; i < filters.length; i++) {
    const verdict = ask(filters[i]!, exchange);
    if (verdict !== undefined) {
      if (verdict instanceof Promise) void settle(verdict, i, exchange, filters, then);
      else then.answer(exchange, verdict);
      return;
    }
    exchange.filtersPassed++;
  }
  then.proceed(exchange);
}

/** A filter that throws refuses: it may be the one that was to keep this request out. */
function ask(filter: Filter, exchange: Exchange): Verdict | Promise<Verdict> {
  if (filter.onRequest === undefined) return undefined;
  try {
    return filter.onRequest(exchange);
  } catch (thrown) {
    return refuse(exchange, filter, thrown);
  }
}

/** Waits for a verdict, then goes on where the chain stopped. */
async function settle(
  pending: Promise<Verdict>,
  index: number,
  exchange: Exchange,
  filters: readonly Filter[],
  then: FilterOutcome,
): Promise<void> {
  let verdict: Verdict;
  try {
    verdict = await pending;
  } catch (thrown) {
    verdict = exchange.phase === 'request' ? refuse(exchange, filters[index]!, thrown) : undefined;
  }
  if (exchange.phase !== 'request') return; // the client left, or a timeout answered
  if (verdict !== undefined) {
    then.answer(exchange, verdict);
    return;
  }
  exchange.filtersPassed++;
  runFrom(index + 1, exchange, filters, then);
}

function refuse(exchange: Exchange, filter: Filter, thrown: unknown): Answer {
  exchange.error = failure(filter, thrown);
  return renderError(exchange.error, exchange);
}

function failure(filter: Filter, thrown: unknown): ProxyError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new ProxyError('internal', 'local', 'stream', { cause: `filter ${filter.name}: ${reason}` });
}
