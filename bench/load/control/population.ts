// Who is in the simulated mesh: services, the workloads that serve them, and whom each of these calls.

import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';

/** How large the mesh is. */
export interface Size {
  readonly services: number;
  /** Workloads, each with a proxy; they are spread over the services. */
  readonly proxies: number;
  /** How many services each workload calls: one that all of them call, and others. */
  readonly called: number;
}

export const NAMESPACE = 'mesh';
const PORT = 80;
const APPLICATION_PORT = 8080;

/** The service that everybody calls. */
export const POPULAR = 0;

/** Of a service, and of the only service account that may serve it. */
export const serviceName = (service: number): string => `service-${service}`;

export const principalOf = (service: number): string =>
  `spiffe://cluster.local/ns/${NAMESPACE}/sa/${serviceName(service)}`;

export const meshServiceName = (service: number): string => `${NAMESPACE}/${serviceName(service)}`;

/** Name of the cluster and of its endpoints. */
export const clusterName = (service: number): string => `Service/${NAMESPACE}/${serviceName(service)}:${PORT}`;

/** What the mesh declares. */
export function documentsOf({ services }: Size): string {
  return Array.from(
    { length: services },
    (_, service) => `apiVersion: v1
kind: Service
metadata: { name: ${serviceName(service)}, namespace: ${NAMESPACE} }
spec: { ports: [{ name: http, port: ${PORT}, targetPort: ${APPLICATION_PORT} }] }
`,
  ).join('---\n');
}

/** The service that a workload serves. */
export const servedBy = (workload: number, { services }: Size): number => workload % services;

/** Announced as ready. */
export function workloadOf(workload: number, size: Size): Omit<LiveWorkload, 'principal' | 'serviceAccount'> {
  return {
    id: `workload-${workload}`,
    namespace: NAMESPACE,
    service: serviceName(servedBy(workload, size)),
    address: `10.${workload >> 16}.${(workload >> 8) & 255}.${workload & 255}`,
    meshPort: 15_008,
    zone: '',
    ports: [{ port: APPLICATION_PORT, protocol: 'http' }],
    state: 'ready',
  };
}

/** The services that a workload calls; each is called by about as many. */
export function calledBy(workload: number, { services, called }: Size): readonly number[] {
  const chosen = new Set([POPULAR]);
  for (let i = 1; chosen.size < Math.min(called, services); i++) chosen.add((workload * 7 + i * 131) % services);
  return [...chosen];
}
