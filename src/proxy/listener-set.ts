import type { HttpRouteResource } from '#model/snapshot/http-route.ts';
import type { ListenerResource } from '#model/snapshot/listener.ts';
import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { StreamRouteResource } from '#model/snapshot/stream-route.ts';
import { Binding, type BindingEnvironment, type ListenerFailure } from './binding.ts';
import type { Acceptor } from './downstream/acceptor.ts';
import type { Listener, StreamRoute } from './exchange/exchange.ts';
import { Authorization } from './filters/authorization/authorization.ts';
import type { PolicyRegistry } from './filters/authorization/policy-registry.ts';
import { compileRoute, type CompiledRoute } from './routing/compile-route.ts';
import { compileRule, type RuleEnvironment } from './routing/compile-rule.ts';
import { createListenerTable, type ListenerRoutes } from './routing/listener-table.ts';
import { createRouteTable } from './routing/route-table.ts';
import {
  compileStreamRoute,
  createStreamRoutes,
  createStreamTable,
  type StreamListener,
} from './routing/stream-table.ts';

export interface ListenerSetOptions extends BindingEnvironment {
  readonly rules: RuleEnvironment;
  readonly policies: PolicyRegistry;
}

/** What did not work of a delta. */
export interface ApplyReport {
  readonly failures: readonly ListenerFailure[];
}

export interface BoundAddress {
  /** '' for all addresses of the machine. */
  readonly address: string;
  readonly port: number;
  readonly listeners: readonly string[];
}

interface FailedBinding {
  readonly key: string;
  readonly listeners: readonly ListenerResource[];
  readonly failures: readonly ListenerFailure[];
}

/** The listeners of one thread with their routes, and the acceptors that serve them. */
export class ListenerSet {
  readonly #options: ListenerSetOptions;
  readonly #resources = new Map<string, ListenerResource>();
  readonly #routes = new Map<string, CompiledRoute>();
  /** By name of the listener, made once while it stays as it is. */
  readonly #served = new Map<string, ListenerRoutes>();
  readonly #streamRoutes = new Map<string, readonly [resource: StreamRouteResource, route: StreamRoute]>();
  readonly #streams = new Map<string, StreamListener>();
  readonly #bindings = new Map<string, Binding>();
  /** Acceptors whose address is no longer declared, while their connections last. */
  readonly #draining = new Set<Acceptor>();

  constructor(options: ListenerSetOptions) {
    this.#options = options;
  }

  get bound(): readonly BoundAddress[] {
    return [...this.#bindings.values()].map(({ address, acceptor, listeners }) => ({
      address,
      port: acceptor.port,
      listeners: listeners.map((listener) => listener.name),
    }));
  }

  /** Connections of clients, those of acceptors that drain among them. */
  get sessionCount(): number {
    return this.#acceptors().reduce((sum, acceptor) => sum + acceptor.sessionCount, 0);
  }

  /** When the certificates expire that listeners show, in seconds since 1970. */
  certificateExpiries(): readonly (readonly [name: string, expirySeconds: number])[] {
    const expiries = new Map<string, number>();
    for (const binding of this.#bindings.values()) {
      for (const { name, expiresAtMs } of binding.keyPairs) expiries.set(name, expiresAtMs / 1000);
    }
    return [...expiries];
  }

  async apply(delta: SnapshotDelta): Promise<ApplyReport> {
    for (const name of this.#takeOver(delta)) this.#serve(name);
    const wanted = Map.groupBy(this.#resources.values(), bindingKey);
    // New addresses are bound before old ones are left, so that a listener that moves is always somewhere. What fails
    // is tried again behind that: `*:80` cannot be had before `127.0.0.1:80` is left.
    const first = await this.#bindAll(wanted);
    const left = this.#leaveAllBut(wanted);
    const failed = left ? await this.#bindAll(new Map(first.map(({ key, listeners }) => [key, listeners]))) : first;
    return { failures: failed.flatMap(({ failures }) => failures) };
  }

  async drain(): Promise<void> {
    await Promise.all(this.#acceptors().map((acceptor) => acceptor.drain()));
  }

  destroy(): void {
    for (const acceptor of this.#acceptors()) acceptor.destroy();
  }

  #acceptors(): Acceptor[] {
    return [...this.#draining, ...[...this.#bindings.values()].map((binding) => binding.acceptor)];
  }

  /** @returns names of the listeners whose routes must be joined anew */
  #takeOver(delta: SnapshotDelta): Set<string> {
    const changed = new Set<string>();
    const touch = (route: HttpRouteResource | StreamRouteResource | undefined): void => {
      for (const { listener } of route?.attachments ?? []) changed.add(listener);
    };
    for (const resource of delta.upserts) {
      if (resource.type === 'listener') {
        this.#resources.set(resource.name, resource);
        changed.add(resource.name);
      } else if (resource.type === 'http-route') {
        touch(this.#routes.get(resource.name)?.resource);
        this.#routes.set(
          resource.name,
          compileRoute(resource, (route, rule) => compileRule(route, rule, this.#options.rules)),
        );
        touch(resource);
      } else if (resource.type === 'stream-route') {
        touch(this.#streamRoutes.get(resource.name)?.[0]);
        this.#streamRoutes.set(resource.name, [
          resource,
          compileStreamRoute(resource, (cluster) => this.#options.rules.slot(cluster)),
        ]);
        touch(resource);
      }
    }
    for (const key of delta.removals) {
      if (key.startsWith('listener ')) {
        const name = key.slice('listener '.length);
        this.#resources.delete(name);
        this.#served.delete(name);
        this.#streams.delete(name);
      } else if (key.startsWith('http-route ')) {
        const name = key.slice('http-route '.length);
        touch(this.#routes.get(name)?.resource);
        this.#routes.delete(name);
      } else if (key.startsWith('stream-route ')) {
        const name = key.slice('stream-route '.length);
        touch(this.#streamRoutes.get(name)?.[0]);
        this.#streamRoutes.delete(name);
      }
    }
    return changed;
  }

  /** Joins a listener with its routes. */
  #serve(name: string): void {
    const resource = this.#resources.get(name);
    if (resource === undefined) return;
    const routes = createRouteTable(name, this.#routes.values());
    const listener = createListener(resource, this.#options.policies);
    const { hostname } = resource;
    this.#served.set(name, { listener, hostname, routes });
    const terminates = resource.tls !== null && resource.tls !== undefined;
    this.#streams.set(name, {
      listener,
      hostname,
      terminates,
      routes: createStreamRoutes(name, this.#streamRoutes.values()),
    });
  }

  /** @returns what could not be bound */
  async #bindAll(wanted: ReadonlyMap<string, readonly ListenerResource[]>): Promise<FailedBinding[]> {
    const failed: FailedBinding[] = [];
    for (const [key, listeners] of wanted) {
      const failures = await this.#bind(key, listeners);
      if (failures.length > 0) failed.push({ key, listeners, failures });
    }
    return failed;
  }

  /** @returns whether any address was left */
  #leaveAllBut(wanted: ReadonlyMap<string, unknown>): boolean {
    const unwanted = [...this.#bindings].filter(([key]) => !wanted.has(key));
    for (const [key, binding] of unwanted) this.#retire(key, binding);
    return unwanted.length > 0;
  }

  /** Makes an address serve these listeners. @returns what is not possible of it */
  async #bind(key: string, listeners: readonly ListenerResource[]): Promise<readonly ListenerFailure[]> {
    const table = createListenerTable(listeners.map((listener) => this.#served.get(listener.name)!));
    const streams = createStreamTable(listeners.map((listener) => this.#streams.get(listener.name)!));
    const served = { listeners, table, streams };
    const present = this.#bindings.get(key);
    if (present?.fits(listeners) === true) return present.update(served);
    // An acceptor speaks one protocol: for another one, the address is left and bound again.
    if (present !== undefined) this.#retire(key, present);
    const binding = new Binding(served, this.#options);
    const failures = binding.update(served);
    if (binding.isMute) return failures;
    try {
      await binding.acceptor.open();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return listeners.map(({ name }) => ({ listener: name, message }));
    }
    this.#bindings.set(key, binding);
    return failures;
  }

  #retire(key: string, binding: Binding): void {
    this.#bindings.delete(key);
    this.#draining.add(binding.acceptor);
    void binding.acceptor.drain().then(() => this.#draining.delete(binding.acceptor));
  }
}

const bindingKey = (listener: ListenerResource): string => `${listener.address} ${listener.port}`;

const createListener = (
  { name, gateway, port, protocol, authorization }: ListenerResource,
  policies: PolicyRegistry,
): Listener => ({
  name,
  gateway,
  port,
  protocol,
  authorization: authorization === undefined ? null : new Authorization(policies.levels(authorization)),
  metricScope: null,
});
