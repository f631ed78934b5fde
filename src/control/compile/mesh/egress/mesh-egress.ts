import { resourceKey } from '#model/resource.ts';
import { egressName, type MeshServicePort, type MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { EndpointsResource } from '#model/snapshot/endpoints.ts';
import { snapshotKey, type SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { ClusterTarget } from '../../backend/backends.ts';
import { error, type Finding } from '../../finding.ts';
import { compareText, createdAtMs, type Lookups } from '../../inventory.ts';
import type { Memo } from '../../memo.ts';
import { ownGroup } from '../../policy/policy-target.ts';
import { mayRefer } from '../../reference-grants.ts';
import { versioned } from '../../version.ts';
import { planEgress, type Backend, type EgressPlan } from './backend-plan.ts';

/** What a ReferenceGrant calls those who may call a Backend of another namespace. */
const WORKLOAD = 'Workload';

/**
 * The ways out of the mesh that are declared. A Backend is called from its own namespace, and from those that a
 * ReferenceGrant names: else whoever may declare one could take over the calls of others to any host.
 */
export class MeshEgress {
  /** Of one namespace the older first. */
  readonly plans: readonly EgressPlan[];
  readonly #lookups: Lookups;
  readonly #memo: Memo;
  readonly #services = new Map<string, readonly MeshServiceResource[]>();

  /** @param memo of the compilation that this is a part of */
  constructor(backends: readonly Backend[], lookups: Lookups, memo: Memo) {
    this.#lookups = lookups;
    this.#memo = memo;
    this.plans = backends
      .map((backend) =>
        memo.derive(`egress ${resourceKey(backend)}`, [backend], (recorded) => planEgress(backend, recorded)),
      )
      .toSorted(bySeniority);
  }

  /** What is called, by the name of the cluster. */
  get targets(): ReadonlyMap<string, ClusterTarget> {
    return new Map(this.plans.flatMap(({ targets }) => targets.map((target) => [target.cluster, target] as const)));
  }

  /** Clusters of those endpoints that have one port, as parts of others. @param clusters with their endpoints */
  partsOf(clusters: readonly SnapshotResource[]): readonly SnapshotResource[] {
    const byKey = new Map(clusters.map((resource) => [snapshotKey(resource), resource]));
    return this.plans.flatMap(({ portClusters }) =>
      portClusters.flatMap(({ name, of, port }) => {
        const cluster = byKey.get(`cluster ${of}`);
        const endpoints = byKey.get(`endpoints ${of}`);
        if (cluster?.type !== 'cluster' || endpoints?.type !== 'endpoints') return [];
        const own = endpoints.endpoints.filter((endpoint) => endpoint.port === port);
        const { version: _, ...whole } = cluster;
        return [
          versioned<ClusterResource>({ ...whole, name }),
          versioned<EndpointsResource>({ type: 'endpoints', name, endpoints: own }),
        ];
      }),
    );
  }

  /** What workloads of a namespace route by: one for each host. */
  servicesFor(namespace: string): readonly MeshServiceResource[] {
    let services = this.#services.get(namespace);
    if (services === undefined) {
      const isOwn = ({ backend }: EgressPlan): boolean => backend.metadata.namespace === namespace;
      const granted = this.plans.filter((plan) => !isOwn(plan) && this.#isGranted(plan, namespace));
      const seen = [...this.plans.filter(isOwn), ...granted];
      services = this.#memo.derive(`egress of ${namespace}`, [seen], () => join(seen));
      this.#services.set(namespace, services);
    }
    return services;
  }

  /** Hosts that workloads of a namespace call so. */
  hostsFor(namespace: string): readonly string[] {
    return this.servicesFor(namespace).flatMap(({ hostnames }) => hostnames);
  }

  /** What is wrong with Backends as workloads call them. */
  findings(): ReadonlyMap<Backend, readonly Finding[]> {
    const byNamespace = Map.groupBy(this.plans, ({ backend }) => backend.metadata.namespace);
    const contests = [...byNamespace.values()].flatMap((plans) => [...contestsOf(plans)]);
    const losses = Map.groupBy(contests, ([loser]) => loser);
    return new Map(
      this.plans.map((plan) => [
        plan.backend,
        [...plan.findings, ...(losses.get(plan) ?? []).map(([, finding]) => finding)],
      ]),
    );
  }

  #isGranted({ backend }: EgressPlan, namespace: string): boolean {
    const to = { group: ownGroup, kind: 'Backend', ...backend.metadata };
    return mayRefer({ group: ownGroup, kind: WORKLOAD, namespace }, to, this.#lookups);
  }
}

/** Joins what Backends have at one host: the first that has an endpoint at a port is called there. */
function join(plans: readonly EgressPlan[]): readonly MeshServiceResource[] {
  const portsByHost = new Map<string, Map<number, MeshServicePort>>();
  for (const takesImplied of [false, true]) {
    for (const { hosts, ports } of plans) {
      for (const { name } of hosts) {
        const taken = portsByHost.get(name) ?? new Map<number, MeshServicePort>();
        portsByHost.set(name, taken);
        for (const { isImplied, ...port } of ports)
          if (isImplied === takesImplied && !taken.has(port.port)) taken.set(port.port, port);
      }
    }
  }
  return [...portsByHost]
    .sort(([a], [b]) => compareText(a, b))
    .map(([host, ports]) =>
      versioned<MeshServiceResource>({
        type: 'mesh-service',
        name: egressName(host),
        hostnames: [host],
        ports: [...ports.values()].sort((a, b) => a.port - b.port),
      }),
    );
}

/** @param plans of one namespace, those that go before others first */
function* contestsOf(plans: readonly EgressPlan[]): Iterable<readonly [EgressPlan, Finding]> {
  const holders = new Map<string, EgressPlan>();
  for (const plan of plans) {
    for (const { name, path } of plan.hosts) {
      for (const { port, isImplied } of plan.ports) {
        if (isImplied) continue;
        const holder = holders.get(`${name}:${port}`);
        if (holder === undefined) holders.set(`${name}:${port}`, plan);
        else {
          const { namespace, name: first } = holder.backend.metadata;
          yield [
            plan,
            error(path, `${name}:${port} is that of Backend ${namespace}/${first}, which goes before this one`),
          ];
        }
      }
    }
  }
}

function bySeniority({ backend: a }: EgressPlan, { backend: b }: EgressPlan): number {
  return (
    createdAtMs(a) - createdAtMs(b) ||
    compareText(a.metadata.namespace, b.metadata.namespace) ||
    compareText(a.metadata.name, b.metadata.name)
  );
}
