import type { ResourceOf } from '#model/resource.ts';
import type { EndpointSpec } from '#model/snapshot/endpoints.ts';
import { compareText } from '../inventory.ts';

type Service = ResourceOf<'Service'>;
type ServicePort = Service['spec']['ports'][number];
type EndpointSlice = ResourceOf<'EndpointSlice'>;

/** Endpoints of one port of a Service. */
export interface ServiceEndpoints {
  /** By address and port, so that moving between slices changes nothing. */
  readonly endpoints: readonly EndpointSpec[];
  /** Why there is none, where what was declared is the reason. */
  readonly shortage?: string;
}

/** Gathers the endpoints of a Service's port from all slices. */
export function endpointsOf(service: Service, port: ServicePort, slices: readonly EndpointSlice[]): ServiceEndpoints {
  const { namespace, name } = service.metadata;
  if (slices.length === 0) {
    return {
      endpoints: [],
      shortage: `has no endpoints: no EndpointSlice in namespace ${namespace} has label kubernetes.io/service-name: ${name}`,
    };
  }
  const byPlace = new Map<string, EndpointSpec>();
  let portFound = false;
  for (const slice of slices) {
    const number = portIn(slice, port);
    if (number === undefined) continue;
    portFound = true;
    for (const declared of slice.endpoints) {
      const endpoint = endpointSpec(declared, number);
      if (endpoint === undefined) continue;
      // An endpoint on its way from one slice to another stands in both: ready in one is ready.
      const place = `${endpoint.address} ${endpoint.port}`;
      if (byPlace.get(place)?.state !== 'ready') byPlace.set(place, endpoint);
    }
  }
  const endpoints = [...byPlace.values()].sort(byAddressAndPort);
  return portFound ? { endpoints } : { endpoints, shortage: `port ${port.port} has no endpoints: ${unmatched(port)}` };
}

/**
 * Finds the number under which a slice has a port of its Service.
 *
 * Names decide, as in Kubernetes: a slice's port is called as the Service's. Slices written by hand may leave the name
 * out, so an unnamed port also fits by its number.
 */
function portIn({ ports }: EndpointSlice, { name = '', port, targetPort }: ServicePort): number | undefined {
  const wanted = targetPort ?? port;
  const tcp = ports.filter(({ protocol }) => protocol === 'TCP');
  const match =
    tcp.find((candidate) => candidate.name === name) ??
    tcp.find((candidate) => candidate.name === '' && candidate.port === wanted);
  if (match === undefined) return undefined;
  // A port without a number stands for any: the Service's own target is meant.
  return match.port ?? (typeof wanted === 'number' ? wanted : undefined);
}

function unmatched({ name, port, targetPort }: ServicePort): string {
  const number = `no EndpointSlice has TCP port ${targetPort ?? port}`;
  return name === undefined ? `${number} without a name` : `no EndpointSlice has a TCP port named ${name}`;
}

/** @see https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions */
function endpointSpec(declared: EndpointSlice['endpoints'][number], port: number): EndpointSpec | undefined {
  const { ready, serving = ready, terminating } = declared.conditions;
  const draining = !ready && serving && terminating;
  // All addresses of an endpoint are the same endpoint; the first is the one that is used.
  const address = declared.addresses[0];
  if (address === undefined || (!ready && !draining)) return undefined;
  return { address, port, weight: 1, zone: declared.zone ?? '', state: ready ? 'ready' : 'draining', mesh: null };
}

function byAddressAndPort(a: EndpointSpec, b: EndpointSpec): number {
  return compareText(a.address, b.address) || a.port - b.port;
}
