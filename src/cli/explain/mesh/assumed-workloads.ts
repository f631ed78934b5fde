import { serviceAccountsAnnotation } from '#control/compile/mesh/membership.ts';
import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import { isInMesh } from '#control/compile/mesh/mesh-services.ts';
import { meshProtocolOf } from '#control/compile/mesh/mesh-protocol.ts';
import type { LoadedResource } from '#model/documents.ts';
import { serviceNameLabel } from '#model/endpoint-slice.ts';
import type { ResourceOf } from '#model/resource.ts';

type Service = ResourceOf<'Service'>;

/** Of documentation (RFC 5737): nobody is there. */
const ADDRESS = '192.0.2.1';
const MESH_PORT = 15_008;

/** Who asks, in what is only imagined. */
export function assumedCaller(namespace: string, serviceAccount: string, principal: string): LiveWorkload {
  return {
    ...assumed(`caller ${namespace}/${serviceAccount}`, namespace, serviceAccount, principal),
    service: '',
    ports: [],
  };
}

/**
 * Assumes a workload with a sidecar for each declared Service that does not say itself where its endpoints are. Which
 * are live, the documents do not know; what policies make of a request does not depend on it.
 *
 * @returns by Service, as in `shop/cart`
 */
export function assumedWorkloads(
  loaded: readonly LoadedResource[],
  trustDomain: string,
): ReadonlyMap<string, LiveWorkload> {
  const resources = loaded.map(({ resource }) => resource);
  const withEndpoints = new Set(
    resources.flatMap((resource) =>
      resource.kind === 'EndpointSlice'
        ? [`${resource.metadata.namespace}/${resource.metadata.labels[serviceNameLabel] ?? ''}`]
        : [],
    ),
  );
  const workloads = new Map<string, LiveWorkload>();
  for (const resource of resources) {
    if (resource.kind !== 'Service' || !isInMesh(resource)) continue;
    const title = `${resource.metadata.namespace}/${resource.metadata.name}`;
    if (!withEndpoints.has(title)) workloads.set(title, workloadOf(resource, trustDomain));
  }
  return workloads;
}

function workloadOf(service: Service, trustDomain: string): LiveWorkload {
  const { namespace, name, annotations } = service.metadata;
  const account = annotations[serviceAccountsAnnotation]?.split(',')[0]?.trim() ?? name;
  const principal = `spiffe://${trustDomain}/ns/${namespace}/sa/${account}`;
  const ports = new Map(
    service.spec.ports
      .filter(({ protocol }) => protocol === 'TCP')
      .map((declared) => {
        const { port, targetPort } = declared;
        const number = typeof targetPort === 'number' ? targetPort : port;
        return [number, { port: number, protocol: meshProtocolOf(declared) }] as const;
      }),
  );
  return {
    ...assumed(`assumed ${namespace}/${name}`, namespace, account, principal),
    service: name,
    ports: [...ports.values()],
  };
}

function assumed(id: string, namespace: string, serviceAccount: string, principal: string) {
  return {
    id,
    principal,
    namespace,
    serviceAccount,
    address: ADDRESS,
    meshPort: MESH_PORT,
    zone: '',
    state: 'ready',
  } as const;
}
