/** The endpoints of the cluster of the same name. */
export interface EndpointsResource {
  readonly type: 'endpoints';
  /** Name of the cluster. */
  readonly name: string;
  readonly version: string;
  readonly endpoints: readonly EndpointSpec[];
}

export interface EndpointSpec {
  /** IPv4, IPv6 (no brackets) or a host name that the proxy resolves. */
  readonly address: string;
  readonly port: number;
  /** ≥ 1; relative to the others. */
  readonly weight: number;
  /** Topology zone, or ''. */
  readonly zone: string;
  /** `draining`: finishes what it has and gets nothing new while any other is `ready`. */
  readonly state: 'ready' | 'draining';
  /** How its sidecar is reached; null where there is none, and the endpoint is spoken to directly. */
  readonly mesh: MeshEndpoint | null;
}

/** The sidecar of an endpoint. */
export interface MeshEndpoint {
  /** Where it speaks HTTP/2 over mutual TLS, at the endpoint's address. */
  readonly port: number;
  /** SPIFFE id that its certificate must carry. */
  readonly principal: string;
}
