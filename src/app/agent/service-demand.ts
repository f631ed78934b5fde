import type { HttpRouteResource } from '#model/snapshot/http-route.ts';
import type { StreamRouteResource } from '#model/snapshot/stream-route.ts';
import { hostOf } from '#http/authority.ts';
import { egressName, type MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import { snapshotKey, type SnapshotDelta, type SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { DiscoveryChange } from '#xds/client/change-queue.ts';
import type { Lease, PresenceObserver } from '#xds/client/wanted-names.ts';
import type { Rejection } from '#xds/rejection.ts';
import type { ResourceType } from '#xds/resource-type.ts';

/** Subscribes to a resource by its name, as a `DiscoveryClient` does. */
export type Subscribe = (type: ResourceType, name: string, observer: PresenceObserver) => Lease;

export interface ServiceDemandOptions {
  readonly subscribe: Subscribe;
  /** Of the workload: where names without one are looked for. */
  readonly namespace: string;
  /** Has the data plane take a change, whole; rejects where it cannot. May be given again what it has. */
  readonly apply: (delta: SnapshotDelta) => Promise<void>;
  /** Told of what the data plane cannot use, so that it goes on with what it had. */
  readonly refused?: (resource: SnapshotResource, reason: string) => void;
  /** Whether the control plane cannot be asked now: what is not known then is decided without it. */
  readonly isAway?: () => boolean;
  /** How long a call waits for what is not known yet. @defaultValue 2000 */
  readonly timeoutMs?: number;
}

/** A host that leads nowhere is not asked for again so soon: each of its requests would wait. */
const ABSENT_MS = 5000;
/** Names that lead nowhere are as many as an application makes up. */
const MAX_ABSENT = 1000;
const DOMAIN = ['svc', 'cluster', 'local'];
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** What the data plane cannot use. */
interface Refused {
  readonly resource: SnapshotResource;
  readonly reason: string;
}

/** A service that somebody calls. */
interface Demanded {
  readonly lease: Lease;
  readonly waiting: Set<() => void>;
}

/**
 * Subscribes to services when they are first called, and to what they lead to: routes, clusters, endpoints. A service is
 * shown to the data plane when all that it leads to is there or known to be absent, never before.
 */
export class ServiceDemand {
  readonly #options: ServiceDemandOptions;
  readonly #held = new Map<string, SnapshotResource>();
  readonly #services = new Map<string, Demanded>();
  readonly #leases = new Map<string, Lease>();
  readonly #absentSinceMs = new Map<string, number>();
  /** Names of which the control plane has said that there is no such service. */
  readonly #denied = new Set<string>();
  /** Names of the hosts outside of the mesh that are declared. */
  #outside: ReadonlySet<string> = new Set();
  /** What the data plane has, by key. */
  readonly #shown = new Map<string, SnapshotResource>();
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: ServiceDemandOptions) {
    this.#options = options;
  }

  /**
   * A host is called that is of no known service.
   *
   * @param authority lower case, as in a request
   * @returns settles when it is known whether it is one and its endpoints are in use; null where it can be none
   */
  demand(authority: string): Promise<void> | null {
    const name = this.#nameOf(authority);
    if (name === undefined || this.#isOutOfReach(name)) return null;
    const absentSinceMs = this.#absentSinceMs.get(name) ?? -Infinity;
    if (performance.now() - absentSinceMs < ABSENT_MS) return null;
    if (this.#absentSinceMs.size >= MAX_ABSENT) this.#forgetAbsent();
    const demanded = this.#services.get(name) ?? this.#subscribe(name);
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        demanded.waiting.delete(done);
        resolve();
      };
      // While the control plane is away, one request in a while finds that out, and not each.
      const giveUp = (): void => {
        this.#absentSinceMs.set(name, performance.now());
        done();
      };
      const timer = setTimeout(giveUp, this.#options.timeoutMs ?? 2000);
      demanded.waiting.add(done);
      void this.#refresh();
    });
  }

  /**
   * Tells whether a host is named as only services are, and nobody has said yet whether there is that service: what is
   * asked of it must not leave the mesh in the clear meanwhile. Names of two parts may be anybody's.
   *
   * @param authority lower case, as in a request
   */
  mayBeService(authority: string): boolean {
    const labels = hostOf(authority).replace(/\.$/, '').split('.');
    const name = labels.length === 2 ? undefined : serviceNameOf(authority, this.#options.namespace);
    return name !== undefined && !this.#denied.has(name) && this.#services.get(name)?.lease.presence !== 'present';
  }

  /**
   * Takes a change from the control plane.
   * @returns when the data plane has it, as far as it is to have it now: what it could not use; it goes on with what it had
   */
  async take({ type, upserts, removals }: DiscoveryChange): Promise<readonly Rejection[]> {
    for (const resource of upserts) this.#held.set(snapshotKey(resource), resource);
    for (const name of removals) this.#held.delete(snapshotKey({ type, name }));
    if (type === 'workload') this.#noteOutside();
    // What was in use before this start is wanted again.
    for (const resource of upserts)
      if (resource.type === 'mesh-service' && !this.#services.has(resource.name)) this.#subscribe(resource.name);
    const refused = (await this.#refresh()).filter(({ resource }) => upserts.includes(resource));
    return refused.map(({ resource: { name }, reason }) => ({ name, reason }));
  }

  #nameOf(authority: string): string | undefined {
    const outside = egressName(hostOf(authority).replace(/\.$/, ''));
    return this.#outside.has(outside) ? outside : serviceNameOf(authority, this.#options.namespace);
  }

  /** Whether nothing is known of a service, and nobody can be asked. */
  #isOutOfReach(name: string): boolean {
    return this.#options.isAway?.() === true && this.#services.get(name)?.lease.presence !== 'present';
  }

  /** The workload's own resource says which hosts are declared: so nobody is asked about any other host. */
  #noteOutside(): void {
    const hosts = [...this.#held.values()].flatMap((own) => (own.type === 'workload' ? (own.hosts ?? []) : []));
    const before = this.#outside;
    this.#outside = new Set(hosts.map(egressName));
    for (const name of before)
      if (!this.#outside.has(name) && this.#services.get(name)?.lease.presence === 'absent') void this.#drop(name);
  }

  #subscribe(name: string): Demanded {
    const lease = this.#options.subscribe('mesh-service', name, (presence) => {
      // What is declared is about to come: the one who says so was only faster.
      if (presence === 'absent' && !this.#outside.has(name)) void this.#drop(name);
      else void this.#refresh();
    });
    const demanded: Demanded = { lease, waiting: new Set() };
    this.#services.set(name, demanded);
    return demanded;
  }

  /** There is no such service, or no more. */
  async #drop(name: string): Promise<void> {
    const demanded = this.#services.get(name);
    if (demanded === undefined) return;
    this.#services.delete(name);
    this.#absentSinceMs.set(name, performance.now());
    this.#noteDenied(name);
    demanded.lease.release();
    void this.#refresh();
    await this.#work;
    for (const done of demanded.waiting) done();
  }

  #noteDenied(name: string): void {
    this.#denied.add(name);
    const [oldest] = this.#denied;
    if (oldest !== undefined && this.#denied.size > MAX_ABSENT) this.#denied.delete(oldest);
  }

  #forgetAbsent(): void {
    const nowMs = performance.now();
    for (const [name, sinceMs] of this.#absentSinceMs)
      if (nowMs - sinceMs >= ABSENT_MS) this.#absentSinceMs.delete(name);
  }

  /** Claims what is needed now, and shows the data plane what is complete. */
  #refresh(): Promise<readonly Refused[]> {
    const needed = new Set<string>();
    const complete = new Set<string>();
    for (const name of this.#services.keys()) {
      const service = this.#held.get(`mesh-service ${name}`);
      if (service?.type !== 'mesh-service') continue;
      const keys = this.#closureOf(service);
      for (const key of keys) needed.add(key);
      // All are claimed at once, whatever is known of the first.
      if (!keys.map((key) => this.#claim(key)).includes('unknown')) complete.add(name);
    }
    for (const [key, lease] of this.#leases) {
      if (needed.has(key)) continue;
      lease.release();
      this.#leases.delete(key);
    }
    // One change after another, each from what is held when its turn comes.
    const shown = this.#work.then(() => this.#show(complete));
    // A defect in one is no reason not to try the next.
    this.#work = shown.catch(() => {});
    return shown;
  }

  #claim(key: string): Lease['presence'] {
    let lease = this.#leases.get(key);
    if (lease === undefined) {
      const at = key.indexOf(' ');
      const type = key.slice(0, at) as ResourceType;
      lease = this.#options.subscribe(type, key.slice(at + 1), () => void this.#refresh());
      this.#leases.set(key, lease);
    }
    return lease.presence;
  }

  /** Keys of all that a service leads to, as far as it is known. */
  #closureOf({ ports }: MeshServiceResource): readonly string[] {
    const keys = new Set<string>();
    for (const { cluster, protocol, routes = [] } of ports) {
      addCluster(keys, cluster);
      for (const name of routes) {
        const key = `${protocol === 'tcp' ? 'stream-route' : 'http-route'} ${name}`;
        keys.add(key);
        const route = this.#held.get(key);
        if (route !== undefined && isRoute(route)) for (const target of clustersOf(route)) addCluster(keys, target);
      }
    }
    return [...keys];
  }

  async #show(complete: ReadonlySet<string>): Promise<readonly Refused[]> {
    const upserts: SnapshotResource[] = [];
    for (const [key, resource] of this.#held) {
      if (this.#shown.get(key)?.version !== resource.version && this.#isReady(resource, complete))
        upserts.push(resource);
    }
    const removals = [...this.#shown.keys()].filter((key) => !this.#held.has(key));
    const refused = upserts.length + removals.length > 0 ? await this.#apply(upserts, removals) : [];
    for (const name of complete)
      for (const done of this.#services.get(name)?.waiting ?? []) if (this.#shown.has(`mesh-service ${name}`)) done();
    return refused;
  }

  /** Where the whole cannot be used, each is tried by itself: one bad resource never takes down another. */
  async #apply(upserts: readonly SnapshotResource[], removals: readonly string[]): Promise<readonly Refused[]> {
    if ((await this.#tryApply(upserts, removals)) === '') return [];
    const refused: Refused[] = [];
    for (const resource of upserts) {
      const reason = await this.#tryApply([resource], []);
      if (reason === '') continue;
      refused.push({ resource, reason });
      this.#options.refused?.(resource, reason);
      await this.#takeBack(resource);
    }
    for (const key of removals) if ((await this.#tryApply([], [key])) !== '') this.#shown.delete(key);
    return refused;
  }

  /** @returns why the data plane cannot use it, or '' */
  async #tryApply(upserts: readonly SnapshotResource[], removals: readonly string[]): Promise<string> {
    try {
      await this.#options.apply({ version: '', upserts, removals });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    for (const resource of upserts) this.#shown.set(snapshotKey(resource), resource);
    for (const key of removals) this.#shown.delete(key);
    return '';
  }

  /** What was shown before is good, and may be half replaced. */
  async #takeBack(refused: SnapshotResource): Promise<void> {
    const key = snapshotKey(refused);
    if (this.#held.get(key) !== refused) return;
    const good = this.#shown.get(key);
    if (good === undefined) this.#held.delete(key);
    else {
      this.#held.set(key, good);
      await this.#tryApply([good], []);
    }
  }

  /** What leads to something that is not known yet waits; an older version of it stays in use. */
  #isReady(resource: SnapshotResource, complete: ReadonlySet<string>): boolean {
    if (resource.type === 'mesh-service') return complete.has(resource.name);
    if (!isRoute(resource)) return true;
    return [...clustersOf(resource)].every((name) => this.#leases.get(`cluster ${name}`)?.presence !== 'unknown');
  }
}

function addCluster(keys: Set<string>, name: string): void {
  keys.add(`cluster ${name}`);
  keys.add(`endpoints ${name}`);
}

type RouteResource = HttpRouteResource | StreamRouteResource;

function isRoute(resource: SnapshotResource): resource is RouteResource {
  return resource.type === 'http-route' || resource.type === 'stream-route';
}

function* clustersOf(route: RouteResource): Iterable<string> {
  if (route.type === 'stream-route') for (const { cluster } of route.backends) if (cluster !== null) yield cluster;
  if (route.type === 'http-route') yield* clustersOfRules(route);
}

function* clustersOfRules({ rules }: HttpRouteResource): Iterable<string> {
  for (const { backends, filters } of rules) {
    for (const { cluster } of backends) if (cluster !== null) yield cluster;
    for (const filter of [...filters, ...backends.flatMap((backend) => backend.filters)])
      if (filter.type === 'RequestMirror' && filter.cluster !== null) yield filter.cluster;
  }
}

/**
 * Tells which service a host would be of: `cart`, `cart.shop`, `cart.shop.svc`, `cart.shop.svc.cluster.local`.
 *
 * @returns `<namespace>/<name>`; undefined where it can be none
 */
export function serviceNameOf(authority: string, ownNamespace: string): string | undefined {
  const host = authority.replace(/:\d+$/, '').replace(/\.$/, '');
  const [name = '', namespace = ownNamespace, ...domain] = host.split('.');
  const isDomain = domain.length === 0 || domain.length === 1 || domain.length === 3;
  const isOurs = isDomain && domain.every((label, i) => label === DOMAIN[i]);
  return isOurs && LABEL.test(name) && LABEL.test(namespace) && /^[a-z]/.test(name) && host !== 'localhost'
    ? `${namespace}/${name}`
    : undefined;
}
