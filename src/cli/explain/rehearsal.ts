import { hostOf } from '#http/authority.ts';
import { Fields } from '#http/fields.ts';
import { RequestHead } from '#http/head.ts';
import { normalizePath } from '#http/path.ts';
import type { FilterSpec, HttpRouteResource, HttpRouteRule } from '#model/snapshot/http-route.ts';
import type { ListenerResource } from '#model/snapshot/listener.ts';
import type { Snapshot } from '#model/snapshot/snapshot.ts';
import type { Answer } from '#proxy/exchange/answer.ts';
import { Exchange, type Cluster, type ClusterSlot, type Filter, type Rule } from '#proxy/exchange/exchange.ts';
import { Authorization } from '#proxy/filters/authorization/authorization.ts';
import { PolicyRegistry } from '#proxy/filters/authorization/policy-registry.ts';
import { FilterChains } from '#proxy/filters/filter-chains.ts';
import { runRequestFilters } from '#proxy/filters/run-filters.ts';
import { compileRoute, type CompiledRoute } from '#proxy/routing/compile-route.ts';
import { compileRule } from '#proxy/routing/compile-rule.ts';
import {
  createListenerTable,
  routeExchange,
  type ListenerRoutes,
  type ListenerTable,
} from '#proxy/routing/listener-table.ts';
import { createRouteTable } from '#proxy/routing/route-table.ts';
import type { TlsSession } from '#transport/tls-session.ts';

/** A request that is only asked about. */
export interface ImaginedRequest {
  readonly method: string;
  readonly url: URL;
  /** Names lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Address of the client. @defaultValue that of this machine to itself */
  readonly fromIp?: string;
  /** URI in the certificate that the client shows; without it, it shows none. */
  readonly principal?: string;
}

/** What routing made of a request: the proxy's own exchange, and what the rule was compiled from. */
export interface Routed {
  readonly exchange: Exchange;
  readonly listener: ListenerRoutes;
  /** Undefined where no rule takes the request. */
  readonly chosen: { readonly rule: Rule; readonly source: RuleSource } | undefined;
}

export interface RuleSource {
  readonly route: HttpRouteResource;
  readonly declared: HttpRouteRule;
  readonly index: number;
}

/** One address and port with what it serves. */
interface Place {
  readonly address: string;
  readonly port: number;
  /** Of URLs that lead here. */
  readonly scheme: string;
  readonly table: ListenerTable;
}

/**
 * Asks the proxy's own routing and filters what they would do, without a socket: what it says is what happens, since it
 * is the same code.
 */
export class Rehearsal {
  readonly #sources = new Map<Rule, RuleSource>();
  /** The policies that requests are judged by. */
  readonly policies = new PolicyRegistry(() => ({ add: () => {} }));
  readonly #chains = new FilterChains({ slot: imaginedSlot, policies: this.policies });
  readonly #places: readonly Place[];
  /** All that is declared, in the order of their names. */
  readonly listeners: readonly ListenerResource[];

  constructor(snapshot: Snapshot) {
    const resources = [...snapshot.resources.values()];
    for (const resource of resources) if (resource.type === 'authorization') this.policies.put(resource);
    this.listeners = resources.filter((resource) => resource.type === 'listener');
    const routes = resources.filter((resource) => resource.type === 'http-route').map((route) => this.#compile(route));
    const forRequests = this.listeners.filter(({ protocol }) => protocol === 'HTTP' || protocol === 'HTTPS');
    const byPlace = Map.groupBy(forRequests, ({ address, port }) => `${address} ${port}`);
    this.#places = [...byPlace.values()].map((listeners) => {
      const { address, port, protocol } = listeners[0]!;
      return {
        address,
        port,
        scheme: protocol.toLowerCase(),
        table: createListenerTable(listeners.map((listener) => serve(listener, routes, this.policies))),
      };
    });
  }

  /** @returns undefined where no listener is at the URL's port, or none of those there is for its host */
  route(request: ImaginedRequest): Routed | undefined {
    const table = this.#placeOf(request.url)?.table;
    const exchange = createExchange(request);
    const listener = table?.find(exchange.host)?.value;
    if (table === undefined || listener === undefined) return undefined;
    const rule = routeExchange(table, exchange) ? exchange.rule : null;
    const source = rule === null ? undefined : this.#sources.get(rule);
    return { exchange, listener, chosen: rule === null || source === undefined ? undefined : { rule, source } };
  }

  /** Which of several addresses with that port the URL leads to: its own, else all of the machine, else any. */
  #placeOf(url: URL): Place | undefined {
    const port = portOfUrl(url);
    const candidates = this.#places.filter((place) => place.port === port && `${place.scheme}:` === url.protocol);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    return (
      candidates.find(({ address }) => address === host) ??
      candidates.find(({ address }) => address === '') ??
      candidates[0]
    );
  }

  #compile(route: HttpRouteResource): CompiledRoute {
    const chains = this.#chains;
    const environment = {
      slot: imaginedSlot,
      compileRuleFilters: (specs: readonly FilterSpec[]) => chains.compileRuleFilters(specs),
      compileBackendFilters: (specs: readonly FilterSpec[], cluster: string | null) =>
        chains.compileBackendFilters(specs, cluster),
    };
    let index = 0;
    return compileRoute(route, (resource, declared) => {
      const rule = compileRule(resource, declared, environment);
      this.#sources.set(rule, { route: resource, declared, index: index++ });
      return rule;
    });
  }
}

/** Lets filters act on a request. @returns what one of them answered, or undefined */
export function runFilters(exchange: Exchange, filters: readonly Filter[]): Answer | undefined {
  let given: Answer | undefined;
  runRequestFilters(exchange, filters, {
    proceed: () => {},
    answer: (_exchange, answer) => {
      given = answer;
    },
  });
  return given;
}

/** The port that a URL leads to. */
export function portOfUrl(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function serve(
  { name, gateway, port, protocol, hostname, authorization }: ListenerResource,
  routes: readonly CompiledRoute[],
  policies: PolicyRegistry,
): ListenerRoutes {
  const authorizer = authorization === undefined ? null : new Authorization(policies.levels(authorization));
  return {
    listener: { name, gateway, port, protocol, authorization: authorizer, metricScope: null },
    hostname,
    routes: createRouteTable(name, routes),
  };
}

/** Makes the exchange of an imagined request, which goes nowhere. */
export function createExchange({ method, url, headers, fromIp = '127.0.0.1', principal }: ImaginedRequest): Exchange {
  const fields = new Fields(headers.flat());
  const path = normalizePath(url.pathname) ?? url.pathname;
  const head = new RequestHead(method, url.pathname + url.search, url.host, path, url.search, fields, 11);
  head.scheme = url.protocol === 'https:' ? 'https' : 'http';
  const peer = {
    remoteAddress: fromIp,
    remotePort: 0,
    localAddress: '127.0.0.1',
    localPort: portOfUrl(url),
    encrypted: head.scheme === 'https',
    tls: principal === undefined ? null : sessionOf(principal),
    metricScope: null,
  };
  return new Exchange(head, peer, NOWHERE, hostOf(url.host), 0);
}

/** TLS as with a client whose certificate the listener has verified. */
export function sessionOf(principal: string): TlsSession {
  const names = { subject: '', dnsNames: [], uris: [principal], fingerprint: '' };
  const certificate = { ...names, expiresAtMs: Infinity, raw: new Uint8Array() };
  return { serverName: '', alpn: '', version: 'TLSv1.3', listener: '', isolated: false, certificate };
}

/** Filters may only look whether there is a cluster. */
export function imaginedSlot(name: string): ClusterSlot {
  const cluster: Cluster = {
    name,
    service: { name, namespace: '' },
    forward: () => {},
    mirror: () => {},
    openStream: () => ({ cancel: () => {} }),
  };
  return { name, cluster };
}

/** Where nothing is sent. */
export const NOWHERE: Exchange['downstream'] = {
  inform: () => {},
  respond: () => {},
  write: () => true,
  end: () => {},
  abort: () => {},
};
