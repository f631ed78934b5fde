/** One backend as a proxy sees it: a group of endpoints with one policy. Endpoints travel apart, since they change more. */
export interface ClusterResource {
  readonly type: 'cluster';
  /** `Service/<namespace>/<name>:<port>` or `Backend/<namespace>/<name>`. */
  readonly name: string;
  readonly version: string;
  /** Declared by `appProtocol`; `http1` is what an HTTP route speaks to a backend that declares nothing. */
  readonly protocol: 'http1' | 'h2c';
  readonly loadBalancing: LoadBalancing;
  readonly connectTimeoutMs: number;
  readonly limits: ClusterLimits;
  /** How host names among the endpoints are resolved. */
  readonly dns: DnsPolicy;
  /** For metrics: what Istio's labels of the destination say. */
  readonly service: { readonly name: string; readonly namespace: string };
}

export type LoadBalancing = 'LeastRequest' | 'RoundRobin' | 'Random';

export interface ClusterLimits {
  readonly connections: number;
  readonly pendingRequests: number;
  readonly requests: number;
}

export interface DnsPolicy {
  /** A record is asked again when its TTL ends, but at least this often and never more than once a second. */
  readonly refreshIntervalMs: number;
  readonly ipFamily: 'Any' | 'IPv4' | 'IPv6';
}
