import type { MeshProtocol } from './workload.ts';

/**
 * One service, as those who call it know it: what outbound routes by. Routes are attached to its ports under the listener
 * name of {@link meshListenerName}.
 */
export interface MeshServiceResource {
  readonly type: 'mesh-service';
  /** `<namespace>/<name>`; of a host outside of the mesh as of {@link egressName}. */
  readonly name: string;
  readonly version: string;
  /** Lower case, without port, as this proxy's application may spell them: `catalog`, `catalog.shop`, `catalog.shop.svc`, … */
  readonly hostnames: readonly string[];
  /** Declared virtual IP addresses, at which applications call it that have found it out otherwise; absent for none. */
  readonly addresses?: readonly string[];
  readonly ports: readonly MeshServicePort[];
}

export interface MeshServicePort {
  readonly port: number;
  readonly protocol: MeshProtocol;
  /** Name of the cluster resource that requests go to where no route is attached. */
  readonly cluster: string;
  /** Whether byte streams must be the client's own TLS; absent: whatever they are. */
  readonly sealed?: true;
  /**
   * Names of the routes that decide at the port, so that a proxy can ask for them: HTTP routes where it carries requests,
   * stream routes where it carries bytes. No other counts, whatever it says to be attached to. Absent for none.
   */
  readonly routes?: readonly string[];
}

/**
 * Names what a declared Backend is called by, so that a proxy can ask for it. No Service has such a name: hosts have a
 * dot or a colon in them, and names of Services have none.
 *
 * @param host an IPv6 address in brackets @returns for example `host/api.example.com`
 */
export const egressName = (host: string): string => `${OUTSIDE}${host}`;

/** @param service name of a `mesh-service` @returns whether it is one of {@link egressName}, and not a Service */
export const isEgressName = (service: string): boolean => service.startsWith(OUTSIDE) && /[.:]/.test(service);

const OUTSIDE = 'host/';

/** @param service `<namespace>/<name>` @returns what routes name the port by: `mesh/shop/catalog:80` */
export const meshListenerName = (service: string, port: number): string => `mesh/${service}:${port}`;
