import type { RegisteredWorkload } from '#control/registry/workload-registry.ts';
import type { EndpointSpec } from '#model/snapshot/endpoints.ts';
import type { MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import type { ProxyStatus } from '#xds/server/proxy-status.ts';
import { certificateViews } from './certificate-views.ts';
import type { ControlPlane } from './control-plane.ts';
import type { ControlSubject } from './control-subject.ts';
import { objectViews } from './views/object-view.ts';
import { overview } from './views/overview.ts';
import { proxyViews, syncOf, type Sync } from './views/proxy-view.ts';

/** A row of `selvage get workloads`. */
export interface WorkloadView {
  readonly id: string;
  readonly namespace: string;
  readonly service: string;
  /** That a gateway's proxy wants to be; '' for a workload with a sidecar. */
  readonly gateway: string;
  readonly principal: string;
  readonly address: string;
  readonly ports: readonly number[];
  readonly zone: string;
  /** `leaving`: its sidecar has gone, and it is about to be forgotten. */
  readonly state: 'ready' | 'unready' | 'draining' | 'leaving';
  /** Whether its proxy has what it was to have. */
  readonly sync: Sync;
  /** When its proxy has connected, milliseconds since 1970; null while it is away. */
  readonly connectedAtMs: number | null;
  /** Names of the policies that its sidecar enforces. */
  readonly policies: readonly string[];
  /** What its proxy cannot use, and why it does not serve its service or its gateway. */
  readonly problems: readonly string[];
  /** By type: version that its sidecar has acknowledged last. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A row of `selvage get services`, one for each port. */
export interface ServiceView {
  readonly service: string;
  readonly port: number;
  readonly protocol: string;
  readonly hostnames: readonly string[];
  readonly routes: readonly string[];
  readonly endpoints: readonly {
    readonly address: string;
    readonly state: string;
    readonly principal: string | null;
  }[];
}

/** Pages of a control plane's admin API. */
export function controlViews(subject: ControlSubject): ReadonlyMap<string, () => unknown> {
  const { control, log, events, authority } = subject;
  return new Map<string, () => unknown>([
    ['/workloads', () => workloadViews(control)],
    ['/services', () => serviceViews(control)],
    ['/roots', () => authority.view()],
    ['/proxies', () => proxyViews(control.proxies, log.book)],
    ['/objects', () => objectViews(control.declared, control.statuses)],
    ['/events', () => events.latest],
    ['/overview', () => overview(subject)],
    ['/certificates', () => certificateViews(control, log.book, Date.now())],
  ]);
}

function workloadViews({ workloads, proxies, mesh, gateways }: ControlPlane): readonly WorkloadView[] {
  const proxyById = new Map(proxies.map((proxy) => [proxy.node.id, proxy]));
  return workloads.map((registered) => {
    const { id } = registered.workload;
    const refusal = mesh?.refusals.get(id) ?? gateways?.problems.get(id);
    const own = [...(mesh?.workloads.get(id)?.resources.values() ?? [])];
    const policies = own.filter(({ type }) => type === 'authorization').map(({ name }) => name);
    return workloadView(registered, proxyById.get(id), refusal, policies);
  });
}

function workloadView(
  { workload, connected }: RegisteredWorkload,
  proxy: ProxyStatus | undefined,
  refusal: string | undefined,
  policies: readonly string[],
): WorkloadView {
  const { id, namespace, service, gateway = '', principal, address, ports, zone, state } = workload;
  const refusals = proxy?.types.flatMap(({ type, refusals: refused }) =>
    refused.map(({ name, reason }) => `refuses ${type} ${name}: ${reason}`),
  );
  return {
    id,
    namespace,
    service,
    gateway,
    principal,
    address,
    ports: ports.map(({ port }) => port),
    zone,
    state: connected ? state : 'leaving',
    sync: syncOf(proxy),
    connectedAtMs: proxy?.sinceMs ?? null,
    policies,
    problems: [...(refusal === undefined ? [] : [refusal]), ...(refusals ?? [])],
    versions: Object.fromEntries(
      proxy?.types.map(({ type, acknowledgedVersion }) => [type, acknowledgedVersion]) ?? [],
    ),
  };
}

function serviceViews({ mesh }: ControlPlane): readonly ServiceView[] {
  if (mesh === undefined) return [];
  const { resources } = mesh.shared;
  return [...resources.values()]
    .filter((resource): resource is MeshServiceResource => resource.type === 'mesh-service')
    .flatMap(({ name, hostnames, ports }) =>
      ports.map(({ port, protocol, cluster, routes = [] }): ServiceView => {
        const endpoints = resources.get(`endpoints ${cluster}`);
        const live = endpoints?.type === 'endpoints' ? endpoints.endpoints : [];
        return { service: name, port, protocol, hostnames, routes, endpoints: live.map(endpointView) };
      }),
    );
}

function endpointView({ address, port, state, mesh }: EndpointSpec): ServiceView['endpoints'][number] {
  const host = address.includes(':') ? `[${address}]` : address;
  return { address: `${host}:${port}`, state, principal: mesh?.principal ?? null };
}
