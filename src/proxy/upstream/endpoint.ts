import type { EndpointSpec } from '#model/snapshot/endpoints.ts';
import type { UpstreamPool } from './upstream-request.ts';

/** One address that serves, while its cluster has it. */
export class Endpoint {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  /** `address:port`, for logs. */
  readonly label: string;
  readonly pool: UpstreamPool;
  weight: number;
  zone: string;
  state: EndpointSpec['state'];
  /** Requests under way: what balancing goes by. */
  activeRequests = 0;

  constructor(address: string, spec: EndpointSpec, pool: UpstreamPool) {
    this.address = address;
    this.port = spec.port;
    this.label = endpointLabel(address, spec.port);
    this.pool = pool;
    this.weight = spec.weight;
    this.zone = spec.zone;
    this.state = spec.state;
  }
}

/** @returns `10.0.0.1:80`, `[::1]:80` */
export const endpointLabel = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
