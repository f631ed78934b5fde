import type { EndpointSpec, MeshEndpoint } from '#model/snapshot/endpoints.ts';
import type { MeshHop } from '#telemetry/exchange-record.ts';
import type { Reach } from './reach.ts';
import type { UpstreamPool } from './upstream-request.ts';

/** One address that serves, while its cluster has it. */
export class Endpoint {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  /** `address:port`, for logs. */
  readonly label: string;
  readonly pool: UpstreamPool;
  readonly reach: Reach;
  /** Whether its sidecar is spoken to, so that byte streams are CONNECT streams of {@link pool}. */
  readonly tunnels: boolean;
  /** Who requests go to; null outside of the mesh. */
  readonly hop: MeshHop | null;
  weight: number;
  zone: string;
  state: EndpointSpec['state'];
  /** Requests under way: what balancing goes by. */
  activeRequests = 0;

  constructor(address: string, spec: EndpointSpec, pool: UpstreamPool, reach: Reach, hop: MeshHop | null) {
    this.address = address;
    this.port = spec.port;
    this.label = endpointLabel(address, spec.port);
    this.pool = pool;
    this.reach = reach;
    this.tunnels = meshOf(spec) !== null;
    this.hop = hop;
    this.weight = spec.weight;
    this.zone = spec.zone;
    this.state = spec.state;
  }

  /** Takes no more requests; those under way finish. */
  leave(): void {
    this.reach.close();
    this.pool.close();
  }
}

/** @returns its sidecar; an older control plane may say nothing of it */
export const meshOf = (spec: EndpointSpec): MeshEndpoint | null => spec.mesh ?? null;

/** @returns `10.0.0.1:80`, `[::1]:80` */
export const endpointLabel = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
