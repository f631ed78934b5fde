import type { Diagnostic } from '#model/diagnostic.ts';
import type { LoadedResource } from '#model/documents.ts';
import type { RejectedResource } from '#model/rejected-resource.ts';
import type { ResourceOf } from '#model/resource.ts';
import { meshListenerName, type MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import { EMPTY_SNAPSHOT, snapshotKey, type Snapshot, type SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { ObjectStatus } from '../../status.ts';
import type { ClusterTarget } from '../backend/backends.ts';
import { hasBareEndpoints } from '../backend/bare-endpoints.ts';
import { diagnosticAbout, diagnosticOf, warning, type Finding } from '../finding.ts';
import { Memo } from '../memo.ts';
import { compareText, Inventory, type Serving } from '../inventory.ts';
import { isGuarded } from '../policy/judging-hop.ts';
import { planPeerAuthentication, strictBecauseOf } from '../policy/peer-authentications.ts';
import { findingsOfRejected } from '../policy/rejected-status.ts';
import { routeKinds } from '../route/route-kinds.ts';
import { contentVersion } from '../version.ts';
import { MeshEgress } from './egress/mesh-egress.ts';
import { ImpliedServices } from './implied-services.ts';
import type { LiveWorkload } from './live-workload.ts';
import { membershipRefusal } from './membership.ts';
import { meshCluster, ownTarget } from './mesh-clusters.ts';
import { closedByMesh } from './mesh-settings.ts';
import { clusterNameOf, isInMesh, meshService } from './mesh-services.ts';
import { meshStatuses } from './mesh-statuses.ts';
import { workloadResources } from './mesh-workloads.ts';
import { lossMessage, settleMeshContests, type PlaceLosses } from './route/contests.ts';
import { planMeshRoute, routeName, type MeshRoutePlan } from './route/mesh-routes.ts';
import { routeResources, routesFor, type RoutesByPlace } from './route/route-places.ts';

/** What sidecars are served, in the layers in which they see it. */
export interface MeshResult {
  /** For everybody. */
  readonly shared: Snapshot;
  /** What workloads of a namespace see instead or in addition, for each namespace that has workloads. */
  readonly namespaces: ReadonlyMap<string, Snapshot>;
  /** What each workload's own sidecar serves, and what protects it, by the workload's id. */
  readonly workloads: ReadonlyMap<string, Snapshot>;
  /** Why workloads do not serve what they want to, by the workload's id. */
  readonly refusals: ReadonlyMap<string, string>;
  /** Of routes at their Services, and of policies for Services: what gateways make of them is told apart from this. */
  readonly statuses: readonly ObjectStatus[];
  /** Of routes in the mesh, of who may call without an identity, and of ways out of the mesh. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What there is in a mesh, for whoever compiles it for others than sidecars. */
export interface Population {
  /** In the order in which documents count, with the Services that nobody declares but workloads serve. */
  readonly loaded: readonly LoadedResource[];
  readonly serving: Serving;
}

/**
 * Turns declared objects and live workloads into what sidecars are to know. The result depends on these alone; what
 * stays the same has the same version.
 */
export class MeshCompiler {
  readonly #implied = new ImpliedServices();
  #inventory = new Inventory([]);
  /** One workload that comes or goes is the usual change, and is not to cost what the whole mesh costs. */
  readonly #memo = new Memo(this.#inventory);
  #egress = new MeshEgress([], this.#inventory, this.#memo);
  /** Of what was compiled last, for any namespace. */
  #namespaceSnapshot: (namespace: string) => Snapshot = () => EMPTY_SNAPSHOT;
  #population: Population = { loaded: [], serving: new Map() };

  /** Of what was compiled last. */
  get population(): Population {
    return this.#population;
  }

  /** What the sidecar of one more workload serves, as far as that is known before all is compiled again. */
  preview(workload: LiveWorkload): Snapshot {
    const service = this.#inventory.find('Service', workload.namespace, workload.service);
    const isMember = membershipRefusal(workload, service) === undefined;
    const hosts = this.#egress.hostsFor(workload.namespace);
    return snapshotOf(workloadResources(workload, isMember ? service : undefined, hosts, this.#inventory));
  }

  /**
   * What a namespace sees by what was compiled last: its first workload is not to hear of names that are short at home
   * only when all is compiled again.
   */
  previewNamespace(namespace: string): Snapshot {
    return this.#namespaceSnapshot(namespace);
  }

  /**
   * @param loaded in the order in which documents count
   * @param rejected policies for security that were never valid: what they are about is closed
   */
  compile(
    loaded: readonly LoadedResource[],
    workloads: readonly LiveWorkload[],
    rejected: readonly RejectedResource[] = [],
  ): MeshResult {
    const declared = new Inventory(loaded);
    const { members, refusals } = settleMembership(workloads, declared);
    const undeclared = members.filter(({ namespace, service }) => !declared.find('Service', namespace, service));
    const serving = Map.groupBy(members, ({ namespace, service }) => `${namespace}/${service}`);
    this.#population = { loaded: [...loaded, ...this.#implied.of(undeclared)], serving };
    const inventory = new Inventory(this.#population.loaded, rejected, serving);
    this.#inventory = inventory;
    const memo = this.#memo;
    memo.begin(inventory);
    const services = inventory.all('Service').filter(isInMesh);
    const plans = routeKinds
      .flatMap((kind) => inventory.all(kind))
      .flatMap(
        (route) => memo.derive(`route ${routeName(route)}`, [route], (lookups) => planMeshRoute(route, lookups)) ?? [],
      );
    const routes: MeshRoutes = { plans, losses: settleMeshContests(plans) };
    const egress = new MeshEgress(inventory.all('Backend'), inventory, memo);
    this.#egress = egress;
    const shared = sharedResources(services, routes, egress, memo);
    this.#namespaceSnapshot = (namespace) =>
      namespaceSnapshot({
        namespace,
        services,
        routes,
        outside: egress.servicesFor(namespace),
        shared,
        memo,
      });
    const namespaces = new Set(workloads.map(({ namespace }) => namespace));
    return {
      shared: snapshotOf(shared.values()),
      namespaces: new Map([...namespaces].map((namespace) => [namespace, this.#namespaceSnapshot(namespace)] as const)),
      workloads: new Map(
        workloads.map((workload) => {
          const isMember = !refusals.has(workload.id);
          const service = isMember ? inventory.find('Service', workload.namespace, workload.service) : undefined;
          const hosts = egress.hostsFor(workload.namespace);
          const own = memo.derive(`workload ${workload.id}`, [workload, service, hosts], (lookups) =>
            snapshotOf(workloadResources(workload, service, hosts, lookups)),
          );
          return [workload.id, own];
        }),
      ),
      refusals,
      statuses: meshStatuses({ ...routes, serving, inventory }),
      diagnostics: [
        ...plans.flatMap((plan) =>
          [...plan.findings, ...lossesOf(plan, routes)].map((finding) =>
            diagnosticOf(finding, inventory.placeOf(plan.route)),
          ),
        ),
        ...services.flatMap((service) => bareDiagnostics(service, inventory)),
        ...peerDiagnostics(inventory),
        ...[...egress.findings()].flatMap(([backend, findings]) =>
          findings.map((finding) => diagnosticOf(finding, inventory.placeOf(backend))),
        ),
      ],
    };
  }
}

/** Of endpoints that are called by nobody in the mesh. */
function bareDiagnostics(service: ResourceOf<'Service'>, inventory: Inventory): readonly Diagnostic[] {
  const { namespace, name } = service.metadata;
  if (!isGuarded(namespace, name, inventory) || !hasBareEndpoints(service, inventory)) return [];
  const message =
    'endpoints without a sidecar get nothing from workloads: beside them nobody asks its AuthorizationPolicies';
  return [diagnosticOf(warning(['metadata', 'name'], message), inventory.placeOf(service))];
}

/** What is wrong with who may call without an identity. */
function peerDiagnostics(inventory: Inventory): readonly Diagnostic[] {
  const ofValid = inventory.all('PeerAuthentication').flatMap((policy) => {
    const { findings } = planPeerAuthentication(policy, inventory);
    return findings.map((finding) => diagnosticOf(finding, inventory.placeOf(policy)));
  });
  const ofRejected = inventory.rejected
    .filter(({ kind }) => kind === 'PeerAuthentication' || kind === 'Mesh')
    .flatMap((policy) => {
      const closures = [...strictBecauseOf(policy, inventory), ...closedByMesh(policy)];
      return findingsOfRejected(policy, closures).map((finding) =>
        diagnosticAbout(finding, policy.title, policy.source.locate(finding.path)),
      );
    });
  return [...ofValid, ...ofRejected];
}

/** All routes of the mesh, and where they do not count. */
interface MeshRoutes {
  readonly plans: readonly MeshRoutePlan[];
  readonly losses: ReadonlyMap<MeshRoutePlan, PlaceLosses>;
}

function lossesOf(plan: MeshRoutePlan, { losses }: MeshRoutes): readonly Finding[] {
  const lost = losses.get(plan);
  return lost === undefined ? [] : [warning(['spec', 'parentRefs'], lossMessage(lost))];
}

function settleMembership(workloads: readonly LiveWorkload[], inventory: Inventory) {
  const refusals = new Map<string, string>();
  const members = workloads.filter((workload) => {
    if (workload.service === '') return false;
    const service = inventory.find('Service', workload.namespace, workload.service);
    const refusal = membershipRefusal(workload, service);
    if (refusal !== undefined) refusals.set(workload.id, refusal);
    return refusal === undefined;
  });
  return { members, refusals };
}

function sharedResources(
  services: readonly ResourceOf<'Service'>[],
  { plans, losses }: MeshRoutes,
  egress: MeshEgress,
  memo: Memo,
): ReadonlyMap<string, SnapshotResource> {
  const targets = new Map<string, ClusterTarget>(egress.targets);
  for (const service of services) {
    for (const { port, protocol } of service.spec.ports) {
      if (protocol !== 'TCP') continue;
      const target = memo.derive(`target ${clusterNameOf(service, port)}`, [service], (lookups) =>
        ownTarget(service, port, lookups),
      );
      if (target !== undefined) targets.set(target.cluster, target);
    }
  }
  for (const plan of plans) for (const [name, target] of plan.targets) targets.set(name, target);
  const routes = routesFor('', plans, losses);
  const clusters = [...targets.values()].flatMap((target) =>
    memo.derive(`cluster ${target.cluster}`, [JSON.stringify(target)], (lookups) => meshCluster(target, lookups)),
  );
  const resources = [
    ...clusters,
    ...egress.partsOf(clusters),
    ...services.map((service) => serviceSeen(service, routes, '', memo)),
    ...routeResources(routes),
  ];
  return new Map(resources.map((resource) => [snapshotKey(resource), resource]));
}

/** @param namespace from where it is seen, by which routes count; '' where that is of no consequence */
function serviceSeen(
  service: ResourceOf<'Service'>,
  routes: RoutesByPlace,
  namespace: string,
  memo: Memo,
): MeshServiceResource {
  const { metadata, spec } = service;
  const name = `${metadata.namespace}/${metadata.name}`;
  const attached = spec.ports.map(({ port }) => routes.get(meshListenerName(name, port)));
  return memo.derive(`service ${name} from ${namespace}`, [service, attached], () =>
    meshService(service, routes, metadata.namespace === namespace),
  );
}

/** What a namespace sees, and what it does so by. */
interface NamespaceView {
  readonly namespace: string;
  readonly services: readonly ResourceOf<'Service'>[];
  readonly routes: MeshRoutes;
  /** Ways out of the mesh. */
  readonly outside: readonly MeshServiceResource[];
  /** What everybody sees. */
  readonly shared: ReadonlyMap<string, SnapshotResource>;
  readonly memo: Memo;
}

/** Only what differs from what everybody sees: names that are short at home, routes of consumers, ways out of the mesh. */
function namespaceSnapshot({ namespace, services, routes: all, outside, shared, memo }: NamespaceView): Snapshot {
  const routes = routesFor(namespace, all.plans, all.losses);
  const consumed = placesConsumedBy(namespace, all.plans);
  const near = services.filter(({ metadata, spec }) => {
    if (metadata.namespace === namespace) return true;
    const name = `${metadata.namespace}/${metadata.name}`;
    return consumed.size > 0 && spec.ports.some(({ port }) => consumed.has(meshListenerName(name, port)));
  });
  const seen = [
    ...near.map((service) => serviceSeen(service, routes, namespace, memo)),
    ...(consumed.size > 0 ? routeResources(routes) : []),
    ...outside,
  ];
  return snapshotOf(seen.filter((resource) => shared.get(snapshotKey(resource))?.version !== resource.version));
}

/** Ports of Services elsewhere that routes of a namespace are for. */
function placesConsumedBy(namespace: string, plans: readonly MeshRoutePlan[]): ReadonlySet<string> {
  const own = plans.filter(({ route }) => route.metadata.namespace === namespace);
  return new Set(own.flatMap(({ places }) => [...places].filter(([, of]) => of !== namespace).map(([place]) => place)));
}

function snapshotOf(resources: Iterable<SnapshotResource>): Snapshot {
  const sorted = new Map(
    [...resources].map((resource) => [snapshotKey(resource), resource] as const).sort(([a], [b]) => compareText(a, b)),
  );
  const contents = [...sorted].map(([key, { version }]) => `${key} ${version}`);
  return Object.freeze({ version: contentVersion(contents.join('\n')), resources: sorted });
}
