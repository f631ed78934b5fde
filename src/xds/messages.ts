/*
 * The messages of delta discovery, as far as they are used here (`proto/discovery.proto` has their fields). What is
 * not used is skipped when it is read.
 */

/** Who asks: `envoy.config.core.v3.Node`. Its service account is not in here: the peer's certificate says it. */
export interface NodeIdentity {
  /** Unique among running proxies; '' is refused. */
  readonly id: string;
  /** Service that the proxy stands beside, or the gateway that it is (`Node.cluster`). */
  readonly service: string;
  /** Topology zone, or ''. */
  readonly zone: string;
  /** Version of Selvage (`Node.user_agent_version`). */
  readonly version: string;
  /** What else the control plane goes by. Only text: other values are skipped when they are read. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** `google.rpc.Status`. */
export interface RpcStatus {
  /** A gRPC status code. */
  readonly code: number;
  readonly message: string;
  readonly details: readonly TypedOctets[];
}

/** `google.protobuf.Any`. */
export interface TypedOctets {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** `DeltaDiscoveryRequest`: subscribes, acknowledges, refuses, or several of these at once. */
export interface DeltaRequest {
  /** In the first request of a stream. */
  readonly node: NodeIdentity | null;
  readonly typeUrl: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** In the first request of a type: what the client has, so that it is not sent again. */
  readonly initialVersions: ReadonlyMap<string, string>;
  /** Of the response that this one answers, or ''. */
  readonly nonce: string;
  /** Why the response is refused; null where it is not. */
  readonly error: RpcStatus | null;
}

/** `Resource` of a response. */
export interface WireResource {
  readonly name: string;
  readonly version: string;
  readonly content: TypedOctets;
}

/** `DeltaDiscoveryResponse`. */
export interface DeltaResponse {
  /** Version of everything, where the client has everything of this type with this response; else ''. */
  readonly systemVersion: string;
  readonly typeUrl: string;
  readonly nonce: string;
  readonly resources: readonly WireResource[];
  /** Names that do not exist, or no more. */
  readonly removed: readonly string[];
}

/** The name that subscribes to all resources of a type. */
export const WILDCARD = '*';

/** A request that says nothing, to be spread with what it shall say. */
export const EMPTY_REQUEST: DeltaRequest = Object.freeze({
  node: null,
  typeUrl: '',
  subscribe: [],
  unsubscribe: [],
  initialVersions: new Map<string, string>(),
  nonce: '',
  error: null,
});
