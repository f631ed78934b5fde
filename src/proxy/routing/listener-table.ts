import type { Exchange, Listener } from '../exchange/exchange.ts';
import { HostTable } from './host-table.ts';
import type { RouteTable } from './route-table.ts';

/** A listener with its routes. */
export interface ListenerRoutes {
  readonly listener: Listener;
  /** Host names served: exact, `*.example.com`, or '' for any. */
  readonly hostname: string;
  readonly routes: RouteTable;
}

/**
 * The listeners that share one acceptor. A request belongs to the most specific listener for its host alone: another
 * one with a broader host name never sees it, even where the first has no route for it (Gateway API, Gateway listener
 * isolation).
 */
export type ListenerTable = HostTable<ListenerRoutes>;

/** Joins the listeners of one acceptor; their host names differ. */
export function createListenerTable(listeners: Iterable<ListenerRoutes>): ListenerTable {
  return new HostTable(Array.from(listeners, (entry) => [entry.hostname, entry] as const));
}

/**
 * Finds the exchange's listener and rule and writes them into it.
 * @returns whether there is a rule; without one the exchange is to be answered `no route`
 */
export function routeExchange(table: ListenerTable, exchange: Exchange): boolean {
  const entry = table.find(exchange.host);
  if (entry === undefined) return false;
  exchange.listener = entry.value.listener;
  const match = entry.value.routes.find(exchange.host, exchange.request);
  if (match === undefined) return false;
  exchange.rule = match.rule;
  exchange.matchedPrefixLength = match.matchedPrefixLength;
  return true;
}
