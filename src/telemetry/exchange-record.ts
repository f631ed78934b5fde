import type { GrpcForm } from '#codec/grpc/media-type.ts';
import type { ProxyError } from '#errors/proxy-error.ts';
import type { Fields } from '#http/fields.ts';
import type { RequestHead, ResponseHead } from '#http/head.ts';

/** What telemetry reads of an exchange when it has ended; nothing is copied on the way. */
export interface ExchangeRecord {
  readonly request: RequestHead;
  /** What went downstream; null where the client left before. */
  readonly response: ResponseHead | null;
  /** What stood behind its content, or null. */
  readonly responseTrailers: Fields | null;
  /** How the client speaks gRPC; null where it does not. */
  readonly grpc: GrpcForm | null;
  readonly error: ProxyError | null;
  readonly peer: {
    readonly remoteAddress: string;
    readonly remotePort: number;
    readonly localPort: number;
    readonly encrypted: boolean;
  };
  readonly listener: { readonly name: string; readonly gateway: string } | null;
  readonly rule: { readonly route: string; readonly name: string } | null;
  readonly cluster: {
    readonly name: string;
    readonly service: { readonly name: string; readonly namespace: string };
  } | null;
  /** What authorization policies decided; null where none did. */
  readonly authorization: { readonly text: string } | null;
  /** Between whom it went in the mesh; null or absent outside. */
  readonly hop?: MeshHop | null;
  readonly requestId: string;
  /** As routed, before any rewrite. */
  readonly host: string;
  readonly routedPath: string;
  /** `address:port` of the endpoint of the last attempt, or ''. */
  readonly endpoint: string;
  readonly attempts: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Milliseconds of the monotonic clock; 0 where not reached. */
  readonly startedAt: number;
  readonly upstreamStartedAt: number;
  readonly upstreamRespondedAt: number;
  readonly endedAt: number;
  readonly metricOwner: MetricOwner;
}

/** Between whom exchanges go in the mesh, and which of the two reports them. One object for all of them. */
export interface MeshHop {
  readonly reporter: 'source' | 'destination';
  readonly source: MeshParty;
  readonly destination: MeshParty;
  readonly service: { readonly name: string; readonly namespace: string } | null;
  /** What has been verified of the other side. */
  readonly security: 'mutual_tls' | 'none';
}

/** A workload; each part '' where it is not known. */
export interface MeshParty {
  /** SPIFFE id. */
  readonly principal: string;
  readonly namespace: string;
  /** Service account. */
  readonly workload: string;
}

/**
 * A long-lived thing (a rule's backend, a listener) that the series of its exchanges hang on, so that counting a
 * request looks up one small number instead of a set of labels.
 */
export interface MetricOwner {
  /** Null until its first exchange ends. Set by telemetry alone. */
  metricScope: MetricScope | null;
}

/** The series of one owner, by status and response flag. */
export interface MetricScope {
  readonly series: Map<number, number>;
}
