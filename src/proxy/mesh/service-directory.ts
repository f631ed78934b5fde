import type { HttpRouteResource } from '#model/snapshot/http-route.ts';
import {
  isEgressName,
  meshListenerName,
  type MeshServicePort,
  type MeshServiceResource,
} from '#model/snapshot/mesh-service.ts';
import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { StreamRouteResource } from '#model/snapshot/stream-route.ts';
import type { Exchange, Listener, Rule, StreamRoute } from '../exchange/exchange.ts';
import { compileRoute, type CompiledRoute } from '../routing/compile-route.ts';
import { compileRule, type RuleEnvironment } from '../routing/compile-rule.ts';
import { createRouteTable, type RouteTable } from '../routing/route-table.ts';
import { compileStreamRoute } from '../routing/stream-table.ts';
import { CalledStreams } from './called-streams.ts';

/** One port of a service, as callers see it. */
export interface CalledPort {
  readonly listener: Listener;
  /** Whether it is a host outside of the mesh. */
  readonly outside: boolean;
  /** Whether byte streams are passed, and no requests. */
  readonly opaque: boolean;
  /** Where all goes that no route is for. */
  readonly rule: Rule;
  /** Where byte streams go. */
  readonly streams: CalledStreams;
  /** Null where no route is attached, which then is no reason to refuse anything. */
  readonly routes: RouteTable | null;
}

/** A route of byte streams with what it was compiled from. */
type CompiledStreamRoute = readonly [resource: StreamRouteResource, route: StreamRoute];

/** What HTTP means by an authority without a port. */
const HTTP_PORT = 80;

/** The services that a workload may call, with their routes, by the names that it calls them. */
export class ServiceDirectory {
  readonly #rules: RuleEnvironment;
  readonly #services = new Map<string, MeshServiceResource>();
  readonly #routes = new Map<string, CompiledRoute>();
  readonly #streamRoutes = new Map<string, CompiledStreamRoute>();
  #byAuthority = new Map<string, CalledPort>();
  #byPlace = new Map<string, CalledPort>();

  constructor(rules: RuleEnvironment) {
    this.#rules = rules;
  }

  /** @param authority lower case, as in a request @returns null where it is no service's, or not a port of it */
  find(authority: string): CalledPort | null {
    return this.#byAuthority.get(authority) ?? null;
  }

  /** @param service name of a `mesh-service` @returns whether it is known, whatever its ports */
  knows(service: string): boolean {
    return this.#services.has(service);
  }

  /** @param service `<namespace>/<name>` */
  at(service: string, port: number): CalledPort | null {
    return this.#byPlace.get(meshListenerName(service, port)) ?? null;
  }

  take({ upserts, removals }: SnapshotDelta): void {
    for (const key of removals) {
      if (key.startsWith('mesh-service ')) this.#services.delete(key.slice('mesh-service '.length));
      else if (key.startsWith('http-route ')) this.#routes.delete(key.slice('http-route '.length));
      else if (key.startsWith('stream-route ')) this.#streamRoutes.delete(key.slice('stream-route '.length));
    }
    for (const resource of upserts) {
      if (resource.type === 'mesh-service') this.#services.set(resource.name, resource);
      else if (resource.type === 'http-route') this.#routes.set(resource.name, this.#compile(resource));
      else if (resource.type === 'stream-route')
        this.#streamRoutes.set(resource.name, [
          resource,
          compileStreamRoute(resource, (cluster) => this.#rules.slot(cluster)),
        ]);
    }
    this.#rebuild();
  }

  #compile(resource: HttpRouteResource): CompiledRoute {
    return compileRoute(resource, (route, rule) => compileRule(route, rule, this.#rules));
  }

  #rebuild(): void {
    const before = this.#byPlace;
    const byPlace = new Map<string, CalledPort>();
    const byAuthority = new Map<string, CalledPort>();
    for (const service of this.#services.values()) {
      for (const port of service.ports) {
        const place = meshListenerName(service.name, port.port);
        const called = this.#createPort(service.name, port, before.get(place));
        byPlace.set(place, called);
        for (const hostname of service.hostnames) addNames(byAuthority, hostname, port.port, called);
      }
    }
    this.#byPlace = byPlace;
    this.#byAuthority = byAuthority;
  }

  /** @param before what carries the port's metrics on, where it was there */
  #createPort(service: string, declared: MeshServicePort, before: CalledPort | undefined): CalledPort {
    const { port, protocol, cluster, sealed = false } = declared;
    const place = meshListenerName(service, port);
    const slot = this.#rules.slot(cluster);
    const opaque = protocol === 'tcp';
    const same =
      before !== undefined &&
      before.rule.backends[0]!.slot === slot &&
      before.opaque === opaque &&
      before.rule.sealed === sealed;
    const rule = same ? before.rule : createRule(slot, sealed);
    const listener = same ? before.listener : createListener(place, port, opaque);
    // Routes that the service does not name count no more, though they may still be known: a consumer's may have come in
    // their place. And one that is named and not known is no reason to let requests by it.
    const names = declared.routes ?? [];
    const attached = names.length > 0;
    const streams = names.map((name) => this.#streamRoutes.get(name)).filter((route) => route !== undefined);
    const routes = names.flatMap((name) => this.#routes.get(name) ?? []);
    return {
      outside: isEgressName(service),
      opaque,
      listener,
      rule,
      streams: new CalledStreams(place, rule, attached && opaque ? streams : null),
      routes: attached && !opaque ? createRouteTable(place, routes) : null,
    };
  }
}

/** Finds the rule of a request to a service and writes it into the exchange. @returns whether there is one */
export const routeToService = (exchange: Exchange, { routes, rule }: CalledPort): boolean => {
  if (routes === null) {
    exchange.rule = rule;
    return true;
  }
  // With routes attached, what none of them matches is refused (GEP-1426, "Route semantics").
  const match = routes.find(exchange.host, exchange.request);
  if (match === undefined) return false;
  exchange.rule = match.rule;
  exchange.matchedPrefixLength = match.matchedPrefixLength;
  return true;
};

/** A fully qualified name may end in a dot (RFC 1034 §3.1). */
const addNames = (names: Map<string, CalledPort>, hostname: string, port: number, called: CalledPort): void => {
  for (const host of [hostname, `${hostname}.`]) {
    names.set(`${host}:${port}`, called);
    if (port === HTTP_PORT) names.set(host, called);
  }
};

const createListener = (name: string, port: number, opaque: boolean): Listener => ({
  name,
  gateway: '',
  port,
  protocol: opaque ? 'TCP' : 'HTTP',
  authorization: null,
  metricScope: null,
});

const createRule = (slot: Rule['backends'][number]['slot'], sealed: boolean): Rule => ({
  route: '',
  name: '',
  filters: [],
  backends: [{ slot, weight: 1, filters: [], metricScope: null }],
  totalWeight: 1,
  requestTimeoutMs: -1,
  attemptTimeoutMs: 0,
  metricScope: null,
  sealed,
});
