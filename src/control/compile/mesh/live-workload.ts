import type { MeshProtocol } from '#model/snapshot/workload.ts';

/** One running instance as its own proxy has announced it: a sidecar with its application, or a gateway. Who it is was proven; the rest is its claim. */
export interface LiveWorkload {
  /** Unique among running workloads. */
  readonly id: string;
  /** SPIFFE id. */
  readonly principal: string;
  /** Of the principal. */
  readonly namespace: string;
  /** Of the principal. */
  readonly serviceAccount: string;
  /** Service of the same namespace that it wants to serve; '' for none. */
  readonly service: string;
  /** Gateway of the same namespace that it wants to be; absent for a workload with a sidecar. */
  readonly gateway?: string;
  /** Where others reach it: IPv4 or IPv6 without brackets. */
  readonly address: string;
  /** Of its sidecar; 0 for a gateway, which has none. */
  readonly meshPort: number;
  /** Topology zone, or ''. */
  readonly zone: string;
  readonly ports: readonly LivePort[];
  /** `unready` is sent nothing; `draining` finishes what it has. */
  readonly state: 'ready' | 'unready' | 'draining';
}

/** A port that the application listens on. */
export interface LivePort {
  readonly port: number;
  readonly protocol: MeshProtocol;
}
