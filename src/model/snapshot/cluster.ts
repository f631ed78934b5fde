/** One backend as a proxy sees it: a group of endpoints with one policy. Endpoints travel apart, since they change more. */
export interface ClusterResource {
  readonly type: 'cluster';
  /**
   * `Service/<namespace>/<name>:<port>` or `Backend/<namespace>/<name>`; where a route needs another form of it, a `#`
   * and what is different stand behind: `#http2`, `#passthrough`, `#Secret/<namespace>/<name>`, `#sidecars`.
   */
  readonly name: string;
  readonly version: string;
  readonly protocol: ClusterProtocol;
  /** How TLS is spoken to the endpoints; null for none. */
  readonly tls: ClusterTls | null;
  /**
   * Version of the PROXY protocol's header that begins each connection and says who the client is; 0 for none. With one, a
   * connection is for one client.
   */
  readonly proxyProtocol: 0 | 1 | 2;
  readonly loadBalancing: LoadBalancing;
  readonly connectTimeoutMs: number;
  readonly limits: ClusterLimits;
  /** How host names among the endpoints are resolved. */
  readonly dns: DnsPolicy;
  /** For metrics: what Istio's labels of the destination say. */
  readonly service: { readonly name: string; readonly namespace: string };
}

/**
 * Declared by `appProtocol`. `http1` is what an HTTP route speaks to a backend that declares nothing, `http2` what it
 * speaks with prior knowledge; behind TLS both are chosen by ALPN, the declared one first. TCP and TLS routes pass
 * bytes, whatever is said here.
 */
export type ClusterProtocol = 'http1' | 'http2';

/** @see Gateway API, BackendTLSPolicy */
export interface ClusterTls {
  /** Name sent as SNI, and verified in the server's certificate unless {@link subjectAltNames} are given. */
  readonly hostname: string;
  /** PEM: roots that the server's certificate must lead to; null for those of the system. */
  readonly caCertificates: string | null;
  /** Where not empty: one of them must be in the server's certificate, instead of the host name. */
  readonly subjectAltNames: readonly SubjectAltName[];
  /** Name of the certificate resource that is shown to servers that ask; null for none. */
  readonly clientCertificate: string | null;
}

export interface SubjectAltName {
  readonly type: 'Hostname' | 'URI';
  readonly value: string;
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
