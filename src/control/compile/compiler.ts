import type { Diagnostic } from '#model/diagnostic.ts';
import type { LoadedResource } from '#model/documents.ts';
import type { RejectedResource } from '#model/rejected-resource.ts';
import { resourceKey, type Resource, type ResourceOf } from '#model/resource.ts';
import { snapshotKey, type Snapshot, type SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { ObjectStatus } from '../status.ts';
import type { ClusterTarget } from './backend/backends.ts';
import { planCluster } from './backend/clusters.ts';
import { CertificatesInUse } from './certificate/certificates-in-use.ts';
import { diagnosticAbout, diagnosticOf, error, type Finding } from './finding.ts';
import { planClientPolicy } from './gateway/client-policies.ts';
import { listenersClosedBy } from './gateway/closed-listeners.ts';
import { gatewayClassStatus, gatewayStatus } from './gateway/gateway-status.ts';
import { parametersMessage, planGateway } from './gateway/gateways.ts';
import {
  certificatesOf,
  findCollisions,
  placeGateway,
  type Collisions,
  type PlacedGateway,
} from './gateway/placement.ts';
import { compareText, Inventory, type Serving } from './inventory.ts';
import { closedByMesh } from './mesh/mesh-settings.ts';
import { Memo } from './memo.ts';
import { gatewaysUnder, planAuthorization, refusedBecauseOf } from './policy/authorization-policies.ts';
import { compileRejected } from './policy/authorization-resource.ts';
import { backendsClosedBy } from './policy/closed-backends.ts';
import { planPeerAuthentication, strictBecauseOf } from './policy/peer-authentications.ts';
import { gatewaysByBackendOf, gatewaysOf, policyStatus, type GatewaysByBackend } from './policy/policy-status.ts';
import { findingsOfRejected, statusOfRejected } from './policy/rejected-status.ts';
import { planPolicy } from './policy/tls-policies.ts';
import { settleContests, type Losses } from './route/hostname-contests.ts';
import { routeKinds, type Route } from './route/route-kinds.ts';
import { attachRoute, isGatewayRef, isServiceRef, type AttachedRoute } from './route/route-parents.ts';
import { planRoute, type RoutePlan } from './route/routes.ts';
import { findShadowed } from './route/shadowing.ts';
import { contentVersion } from './version.ts';

/** What a set of declared objects comes to. */
export interface CompileResult {
  readonly snapshot: Snapshot;
  /** By kind, namespace and name. */
  readonly statuses: readonly ObjectStatus[];
  /** By place. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface CompileOptions {
  /** What is declared, but not validly, and has no older form among the objects: policies for security close what they are about. */
  readonly rejected?: readonly RejectedResource[];
  /** How diagnostics name the whole, as in the folder that was read. @defaultValue '.' */
  readonly source?: string;
  /** What time it is, in milliseconds since 1970; without it nothing is said of certificates that expire. */
  readonly nowMs?: number;
  /** In a mesh: who serves which Service. @defaultValue null: there is no mesh */
  readonly serving?: Serving | null;
  /** Whether each gateway is served by processes of its own, so that none takes a port from another. @defaultValue false */
  readonly areGatewaysApart?: boolean;
}

/**
 * Turns declared objects into the snapshot of a gateway proxy.
 *
 * The result depends on the objects and the options alone. From one call to the next a compiler remembers its intermediate results, so
 * that a small change costs little and everything that stays the same stays the identical object.
 */
export class Compiler {
  readonly #memo = new Memo(new Inventory([]));
  #last: ReadonlyMap<string, SnapshotResource> = new Map();

  /**
   * Compiles all that is declared.
   *
   * @param loaded in the order in which documents count: of two objects with one name, the first is taken
   */
  compile(loaded: readonly LoadedResource[], options: CompileOptions = {}): CompileResult {
    const compilation = new Compilation(new Inventory(loaded, options.rejected, options.serving), this.#memo, options);
    const result = compilation.run(this.#last);
    this.#last = result.snapshot.resources;
    return result;
  }
}

class Compilation {
  readonly #inventory: Inventory;
  readonly #memo: Memo;
  readonly #options: CompileOptions;
  readonly #certificates: CertificatesInUse;
  readonly #resources = new Map<string, SnapshotResource>();
  readonly #statuses: ObjectStatus[] = [];
  readonly #diagnostics: Diagnostic[] = [];

  constructor(inventory: Inventory, memo: Memo, options: CompileOptions) {
    this.#inventory = inventory;
    this.#memo = memo;
    this.#options = options;
    this.#certificates = new CertificatesInUse(inventory, memo);
    memo.begin(inventory);
  }

  run(last: ReadonlyMap<string, SnapshotResource>): CompileResult {
    this.#diagnostics.push(...this.#inventory.duplicates);
    const gateways = this.#compileGateways();
    const routes = this.#compileRoutes(gateways);
    this.#compileClusters(routes);
    this.#compilePolicies(routes);
    this.#reportGateways(gateways, routes);
    if (this.#options.nowMs !== undefined) this.#diagnostics.push(...this.#certificates.judge(this.#options.nowMs));
    return {
      snapshot: this.#snapshot(last),
      statuses: this.#statuses.sort(byObject),
      diagnostics: this.#diagnostics.sort(byPlace),
    };
  }

  #compileGateways(): ReadonlyMap<string, PlacedGateway> {
    const plans = this.#inventory.all('Gateway').map((gateway) => {
      const { plan, findings } = this.#memo.derive(`gateway ${keyOf(gateway)}`, [gateway], (lookups) =>
        planGateway(gateway, lookups),
      );
      this.#report(gateway, findings);
      return plan;
    });
    const { areGatewaysApart = false } = this.#options;
    const collisions: Collisions = areGatewaysApart ? new Map() : findCollisions(plans);
    const placed = new Map<string, PlacedGateway>();
    for (const plan of plans) {
      // Problems are values: compared by what they say.
      const own = plan.listeners.map(({ fullName }) => JSON.stringify(collisions.get(fullName)));
      const { plan: place, findings } = this.#memo.derive(`place ${plan.name}`, [plan, own], () =>
        placeGateway(plan, collisions),
      );
      this.#report(plan.gateway, findings);
      for (const listener of place.listeners) this.#add(listener.resources);
      this.#add(certificatesOf(place));
      this.#certificates.use(certificatesOf(place));
      for (const { authorityHolders } of place.listeners) this.#certificates.trust(authorityHolders);
      placed.set(plan.name, place);
    }
    if (!areGatewaysApart && ![...placed.values()].some(({ isOurs }) => isOurs))
      this.#diagnostics.push(warningOfNothing(this.#options.source ?? '.'));
    return placed;
  }

  #compileRoutes(gateways: ReadonlyMap<string, PlacedGateway>): readonly RoutePlan[] {
    const attached = routeKinds.flatMap((kind) =>
      this.#inventory
        .all(kind)
        .filter((route) => !isOfMeshAlone(route))
        .map((route) => this.#attach(route, gateways)),
    );
    const lossesByRoute = settleContests(attached);
    for (const { route, findings } of findShadowed(attached)) this.#report(route, findings);
    return attached.map((parents) => {
      const { route } = parents;
      const key = resourceKey(route);
      const losses: Losses = lossesByRoute.get(key) ?? new Map();
      const { plan, findings } = this.#memo.derive(`route ${key}`, [parents, [...losses]], (lookups) =>
        planRoute(parents, losses, lookups),
      );
      this.#report(route, findings);
      this.#add(plan.resources);
      const { namespace, name } = route.metadata;
      this.#statuses.push({ kind: route.kind, namespace, name, conditions: [], parents: plan.parents });
      return plan;
    });
  }

  #attach(route: Route, gateways: ReadonlyMap<string, PlacedGateway>): AttachedRoute {
    const parents = route.spec.parentRefs.map((ref) =>
      isGatewayRef(ref) ? gateways.get(`${ref.namespace ?? route.metadata.namespace}/${ref.name}`) : undefined,
    );
    return this.#memo.derive(`attachments ${resourceKey(route)}`, [route, ...parents], (lookups) =>
      attachRoute(route, parents, lookups),
    );
  }

  /** Only what some route leads to: a proxy need not know the rest. */
  #compileClusters(routes: readonly RoutePlan[]): void {
    const targets = new Map<string, ClusterTarget>();
    const forHttp = new Set<string>();
    for (const { resources, targets: wanted, speaksHttp } of routes) {
      if (resources.length === 0) continue;
      for (const [name, target] of wanted) {
        targets.set(name, target);
        if (speaksHttp) forHttp.add(name);
      }
    }
    for (const [name, target] of targets) {
      const inputs = [JSON.stringify(target), forHttp.has(name)];
      const plan = this.#memo.derive(`cluster ${name}`, inputs, (lookups) =>
        planCluster(target, forHttp.has(name), lookups),
      );
      this.#add(plan.resources);
      this.#certificates.use(plan.resources);
      this.#certificates.trust(plan.holders);
      const source = this.#inventory.find(target.kind, target.namespace, target.name);
      if (source !== undefined) this.#report(source, plan.findings);
    }
  }

  #compilePolicies(routes: readonly RoutePlan[]): void {
    const gatewaysByBackend = gatewaysByBackendOf(routes);
    for (const policy of this.#inventory.all('BackendTLSPolicy')) {
      const plan = this.#memo.derive(`policy ${keyOf(policy)}`, [policy], (lookups) => planPolicy(policy, lookups));
      this.#report(policy, plan.findings);
      this.#statuses.push(policyStatus(plan, gatewaysOf(plan, gatewaysByBackend)));
    }
    for (const policy of this.#inventory.all('ClientTrafficPolicy')) {
      const key = `client policy ${keyOf(policy)}`;
      const plan = this.#memo.derive(key, [policy], (lookups) => planClientPolicy(policy, lookups));
      this.#report(policy, plan.findings);
      this.#statuses.push(policyStatus(plan, plan.gateways));
    }
    for (const policy of this.#inventory.all('PeerAuthentication')) {
      const key = `peer authentication ${keyOf(policy)}`;
      const plan = this.#memo.derive(key, [policy], (lookups) => planPeerAuthentication(policy, lookups));
      this.#report(policy, plan.findings);
      this.#statuses.push(policyStatus(plan, []));
    }
    this.#compileAuthorization(gatewaysByBackend);
    this.#compileRejected(gatewaysByBackend);
  }

  #compileAuthorization(gatewaysByBackend: GatewaysByBackend): void {
    for (const policy of this.#inventory.all('AuthorizationPolicy')) {
      const key = `authorization ${keyOf(policy)}`;
      const plan = this.#memo.derive(key, [policy], (lookups) => planAuthorization(policy, lookups));
      this.#add(plan.resources);
      this.#report(policy, plan.findings);
      this.#statuses.push(policyStatus(plan, gatewaysUnder(plan, gatewaysByBackend)));
    }
  }

  /** Policies for security that were never valid: what they are about is closed already. */
  #compileRejected(gatewaysByBackend: GatewaysByBackend): void {
    const statuses = new Map<string, ObjectStatus>();
    for (const policy of this.#inventory.rejected) {
      const closures = [
        ...backendsClosedBy(policy, this.#inventory),
        ...listenersClosedBy(policy, this.#inventory),
        ...refusedBecauseOf(policy, this.#inventory),
        ...strictBecauseOf(policy, this.#inventory),
        ...closedByMesh(policy),
      ];
      if (policy.kind === 'AuthorizationPolicy' && closures.length > 0) this.#add([compileRejected(policy)]);
      for (const finding of findingsOfRejected(policy, closures))
        this.#diagnostics.push(diagnosticAbout(finding, policy.title, policy.source.locate(finding.path)));
      const status = statusOfRejected(policy, closures, gatewaysByBackend);
      // Of two with one name the first speaks.
      if (status !== undefined && !statuses.has(policy.title)) statuses.set(policy.title, status);
    }
    this.#statuses.push(...statuses.values());
  }

  #reportGateways(gateways: ReadonlyMap<string, PlacedGateway>, routes: readonly RoutePlan[]): void {
    const attached = new Map<string, number>();
    for (const { attachedTo } of routes)
      for (const listener of attachedTo) attached.set(listener, (attached.get(listener) ?? 0) + 1);
    for (const gateway of gateways.values()) this.#statuses.push(gatewayStatus(gateway, attached));
    for (const gatewayClass of this.#inventory.all('GatewayClass')) this.#reportClass(gatewayClass);
  }

  #reportClass(gatewayClass: ResourceOf<'GatewayClass'>): void {
    const status = gatewayClassStatus(gatewayClass);
    if (status === undefined) return;
    this.#statuses.push(status);
    const { parametersRef } = gatewayClass.spec;
    if (parametersRef !== undefined)
      this.#report(gatewayClass, [error(['spec', 'parametersRef'], parametersMessage(parametersRef))]);
  }

  #add(resources: readonly SnapshotResource[]): void {
    for (const resource of resources) this.#resources.set(snapshotKey(resource), resource);
  }

  #report(resource: Resource, findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    const place = this.#inventory.placeOf(resource);
    for (const finding of findings) this.#diagnostics.push(diagnosticOf(finding, place));
  }

  #snapshot(last: ReadonlyMap<string, SnapshotResource>): Snapshot {
    const resources = new Map<string, SnapshotResource>();
    for (const key of [...this.#resources.keys()].sort(compareText)) {
      const compiled = this.#resources.get(key) as SnapshotResource;
      const before = last.get(key);
      // What came out the same in another way is the same.
      resources.set(key, before?.version === compiled.version ? before : compiled);
    }
    const contents = [...resources].map(([key, { version }]) => `${key} ${version}`);
    return Object.freeze({ version: contentVersion(contents.join('\n')), resources });
  }
}

/** What no gateway is meant by: its backends, too, are judged where it counts. */
function isOfMeshAlone({ spec: { parentRefs } }: Route): boolean {
  return parentRefs.length > 0 && parentRefs.every(isServiceRef);
}

function keyOf({ metadata }: Resource): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** What is said of a whole that declares no Gateway: no matter where sidecars alone go by it. */
export const nothingToServe = 'nothing to serve: no Gateway of class selvage is declared';

function warningOfNothing(file: string): Diagnostic {
  return { severity: 'warning', location: { file, line: 1, column: 1 }, fieldPath: '', message: nothingToServe };
}

function byObject(a: ObjectStatus, b: ObjectStatus): number {
  const key = ({ kind, namespace, name }: ObjectStatus) => resourceKey({ kind, metadata: { namespace, name } });
  return compareText(key(a), key(b));
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (
    compareText(a.location.file, b.location.file) ||
    a.location.line - b.location.line ||
    a.location.column - b.location.column
  );
}
