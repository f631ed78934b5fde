import type { ResourceOf } from '#model/resource.ts';
import type { EndpointSpec } from '#model/snapshot/endpoints.ts';
import { compareText } from '../inventory.ts';
import type { LiveWorkload } from './live-workload.ts';

type ServicePort = ResourceOf<'Service'>['spec']['ports'][number];

/**
 * The endpoints of a Service's port in the mesh.
 *
 * @param declared those of EndpointSlices, without sidecars
 * @param workloads all that serve the Service; of one address and port the live one is the endpoint
 */
export function meshEndpoints(
  declared: readonly EndpointSpec[],
  port: ServicePort,
  workloads: readonly LiveWorkload[],
): readonly EndpointSpec[] {
  const byPlace = new Map(declared.map((endpoint) => [placeOf(endpoint), endpoint]));
  for (const workload of workloads) {
    const number = portOf(workload, port);
    if (number === undefined) continue;
    const { address, meshPort, principal, state, zone } = workload;
    const place = placeOf({ address, port: number });
    if (state === 'unready') byPlace.delete(place);
    else byPlace.set(place, { address, port: number, weight: 1, zone, state, mesh: { port: meshPort, principal } });
  }
  return [...byPlace.values()].sort((a, b) => compareText(a.address, b.address) || a.port - b.port);
}

/** Ports of workloads have no names: a target that is named is the only port that there is. */
export function portOf({ ports }: LiveWorkload, { port, targetPort = port }: ServicePort): number | undefined {
  if (typeof targetPort === 'number') return ports.find((one) => one.port === targetPort)?.port;
  return ports.length === 1 ? ports[0]!.port : undefined;
}

function placeOf({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address} ${port}`;
}
