import type { FilterSpec } from './http-route.ts';

/** One running instance of an application, as its own sidecar knows it: what inbound serves, and what outbound allows. */
export interface WorkloadResource {
  readonly type: 'workload';
  /** `<namespace>/<service-account>/<id>`. */
  readonly name: string;
  readonly version: string;
  /** SPIFFE id that it runs as. */
  readonly principal: string;
  readonly ports: readonly WorkloadPort[];
  /** What becomes of requests to hosts that are no service of the mesh. */
  readonly egress: EgressMode;
  /**
   * Hosts outside of the mesh that lead to declared Backends, by `mesh-service` resources of their own; lower case, IPv6
   * addresses in brackets. Absent for none.
   */
  readonly hosts?: readonly string[];
}

/** `AllowAny`: passed through as they are. `RegistryOnly`: refused. */
export type EgressMode = 'AllowAny' | 'RegistryOnly';

/** One port that the application listens on. */
export interface WorkloadPort {
  readonly port: number;
  /** What the application speaks there; `tcp` for what is passed on as it is. */
  readonly protocol: MeshProtocol;
  /** `STRICT`: nothing is taken from peers without an identity. `PERMISSIVE`: those outside of the mesh may call too. */
  readonly mtls: 'STRICT' | 'PERMISSIVE';
  /** Paths that may be asked for by GET and HEAD without an identity: of health probes. Compared exactly. */
  readonly exemptPaths: readonly string[];
  /** What every request to this port passes, authorization first. */
  readonly filters: readonly FilterSpec[];
}

export type MeshProtocol = 'http' | 'http2' | 'tcp';
