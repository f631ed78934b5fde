import { grpcFormOf, type GrpcForm } from '#codec/grpc/media-type.ts';
import type { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink, BodySource } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import type { RequestHead, ResponseHead } from '#http/head.ts';
import type { ExchangeRecord, MeshHop, MetricOwner } from '#telemetry/exchange-record.ts';
import type { ClusterProtocol } from '#model/snapshot/cluster.ts';
import type { ListenerProtocol } from '#model/snapshot/listener.ts';
import type { TlsSession } from '#transport/tls-session.ts';
import type { Answer } from './answer.ts';
import type { RequestBody } from './request-body.ts';
import type { StreamCluster } from './stream.ts';

/*
 * What travels through the data plane, and the contracts between its stages. They stand in one file because they
 * refer to each other: an exchange holds the rule that it matched, a rule holds filters, a filter sees an exchange.
 *
 *   downstream ──Exchange──▶ routing ──Rule──▶ filters ──Verdict──▶ upstream
 *       ▲                                                              │
 *       └──────── DownstreamStream ◀── filters (backwards) ◀───────────┘
 */

/** One request with its response. Each stage fills in its part; telemetry reads it once, at the end. */
export class Exchange implements ExchangeRecord {
  readonly request: RequestHead;
  readonly peer: DownstreamPeer;
  /** Where the response goes. */
  readonly downstream: DownstreamStream;
  /** The request's content on its way to the backend; null where the request has none. */
  requestBody: RequestBody | null;
  /** Takes the response's content; a filter that transforms it puts itself in front. */
  responseSink: BodySink;
  /** Changes the head of the backend's response before any filter sees it, or null. */
  translation: ResponseTranslation | null;

  /** UUIDv7, or what a trusted client sent. */
  requestId: string;
  /** Address of the client, which is the peer's unless trusted proxies tell another; '' where they do not tell it. */
  clientAddress: string;
  /** Host that is routed on: the authority without port, lower case, before any rewrite. */
  readonly host: string;
  /** Path that is routed on: normalised, before any rewrite. */
  readonly routedPath: string;

  /** How the client speaks gRPC; null where it does not. */
  readonly grpc: GrpcForm | null;

  /** The listener whose host name fits the request best; set by routing. */
  listener: Listener | null;
  rule: Rule | null;
  /** Octets of `routedPath` that a PathPrefix match took, without a trailing slash; -1 for other matches. */
  matchedPrefixLength: number;
  backend: WeightedBackend | null;
  cluster: Cluster | null;
  /** `address:port` of the endpoint of the last attempt, or ''. */
  endpoint: string;
  /** Attempts to reach an endpoint; more than one after a retry. */
  attempts: number;
  /** Clusters that get a copy of this request, or null. */
  mirrors: ClusterSlot[] | null;
  /** Between whom it goes in the mesh, as far as this proxy has verified it; null outside. */
  hop: MeshHop | null;
  /** The attempt under way, or null. */
  attempt: Attempt | null;
  /** What authorization policies decided, where they did. */
  authorization: AuthorizationDecision | null;
  /** How many request filters let it pass, over all chains in order; those alone see the response, backwards. */
  filtersPassed: number;

  response: ResponseHead | null;
  /** What stood behind the response's content, or null. */
  responseTrailers: Fields | null;
  /** Why the exchange failed, where it did. */
  error: ProxyError | null;
  phase: 'request' | 'response' | 'ended';

  /** Octets of content, as the peers of the downstream connection count them. */
  requestBytes: number;
  responseBytes: number;
  /** Milliseconds of the monotonic clock (`performance.now()`); 0 where not reached. */
  readonly startedAt: number;
  upstreamStartedAt: number;
  upstreamRespondedAt: number;
  endedAt: number;

  constructor(
    request: RequestHead,
    peer: DownstreamPeer,
    downstream: DownstreamStream,
    host: string,
    startedAt: number,
  ) {
    this.request = request;
    this.peer = peer;
    this.downstream = downstream;
    this.requestBody = null;
    this.responseSink = downstream;
    this.translation = null;
    this.requestId = '';
    this.clientAddress = peer.remoteAddress;
    this.host = host;
    this.routedPath = request.path;
    this.grpc = request.method === 'POST' ? grpcFormOf(request.fields.first('content-type')) : null;
    this.listener = null;
    this.rule = null;
    this.matchedPrefixLength = -1;
    this.backend = null;
    this.cluster = null;
    this.endpoint = '';
    this.attempts = 0;
    this.mirrors = null;
    this.hop = null;
    this.attempt = null;
    this.authorization = null;
    this.filtersPassed = 0;
    this.response = null;
    this.responseTrailers = null;
    this.error = null;
    this.phase = 'request';
    this.requestBytes = 0;
    this.responseBytes = 0;
    this.startedAt = startedAt;
    this.upstreamStartedAt = 0;
    this.upstreamRespondedAt = 0;
    this.endedAt = 0;
  }

  /** Whose series this exchange counts in: the most specific thing that it reached. */
  get metricOwner(): MetricOwner {
    return this.backend ?? this.rule ?? this.listener ?? this.peer;
  }
}

/**
 * Whether a response makes both directions opaque from here on: a 101 (RFC 9110 §7.8), and any 2xx to CONNECT (§9.3.6).
 */
export const opensTunnel = ({ method }: RequestHead, { status }: ResponseHead): boolean =>
  status === 101 || (method === 'CONNECT' && status >= 200 && status < 300);

/** What is known of the downstream connection; one object for all its exchanges. */
export interface DownstreamPeer extends MetricOwner {
  /** IP address, without brackets. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly encrypted: boolean;
  /** What TLS agreed on, with the client's certificate where it showed a valid one; null without TLS. */
  readonly tls: TlsSession | null;
}

/** What makes another form of a response of it, as for callers that cannot speak the backend's. */
export interface ResponseTranslation {
  /** Changes the head that goes out, before the filters; content follows through `exchange.responseSink`. */
  translate(head: ResponseHead, complete: boolean): void;
  /** Adds what callers of this form must be let see, behind the filters. */
  expose(head: ResponseHead): void;
}

/** Where an exchange's response goes, free of any HTTP version; as a {@link BodySink} it takes the content. */
export interface DownstreamStream extends BodySink {
  /** Passes an interim response on (100, 103). */
  inform(head: ResponseHead): void;
  /**
   * Sends the head. `write` and `end` follow unless it is complete. See {@link opensTunnel}.
   * @param complete whether no content follows
   */
  respond(head: ResponseHead, complete: boolean): void;
}

/** One try to get a response from one endpoint. Sits between an exchange and a connection of a pool. */
export interface Attempt extends BodySource {
  /** Gives up: the connection is closed or the stream reset; nothing is reported any more. */
  cancel(error: ProxyError): void;
}

/** What a downstream session hands its exchanges to: the first stage of an assembly. */
export interface ExchangeEntry {
  /** The head is in; content follows through `exchange.requestBody`. */
  open(exchange: Exchange): void;
  /** What came is no request that may be routed; it must be answered all the same. */
  refuse(exchange: Exchange, error: ProxyError): void;
  /** The response went out completely. Called once. */
  complete(exchange: Exchange): void;
  /** The client went away, or sent what ends its connection, before the response was complete. Called once. */
  fail(exchange: Exchange, error: ProxyError): void;
}

// ── routing ──

/** A listener as exchanges see it. */
export interface Listener extends MetricOwner {
  readonly name: string;
  readonly gateway: string;
  readonly port: number;
  readonly protocol: ListenerProtocol;
  /** The policies of the listener and its gateway, which its rules' filters ask; null for none. */
  readonly authorization: Authorizer | null;
}

/** A compiled, frozen rule of a route: what to do with a request that matched. */
export interface Rule extends MetricOwner {
  /** `<kind>/<namespace>/<name>`, for logs and metrics. */
  readonly route: string;
  readonly name: string;
  readonly filters: readonly Filter[];
  readonly backends: readonly WeightedBackend[];
  readonly totalWeight: number;
  /** Until the response is complete; -1: the default, until its head; 0: none. */
  readonly requestTimeoutMs: number;
  /** Per attempt, until the response is complete; 0: none. */
  readonly attemptTimeoutMs: number;
  /** Whether tunnels pass TLS alone. @defaultValue false */
  readonly sealed?: boolean;
}

/** A compiled route of connections that are passed on as they are. */
export interface StreamRoute {
  /** `<kind>/<namespace>/<name>`, for logs. */
  readonly route: string;
  readonly backends: readonly { readonly slot: ClusterSlot; readonly weight: number }[];
  readonly totalWeight: number;
  /** Whether it passes TLS alone. @defaultValue false */
  readonly sealed?: boolean;
}

export interface WeightedBackend extends MetricOwner {
  readonly slot: ClusterSlot;
  readonly weight: number;
  readonly filters: readonly Filter[];
}

/**
 * The place of a cluster, by name. Rules keep the slot, so that a cluster may come, change and go without compiling
 * routes again.
 */
export interface ClusterSlot {
  readonly name: string;
  /** Null while no such cluster exists. */
  cluster: Cluster | null;
}

// ── filters ──

/** What a filter says: nothing to go on, or the answer that ends the exchange now. */
export type Verdict = Answer | undefined;

/** One step of policy in the exchange's way. Stateless per exchange: one object serves all exchanges of its rule. */
export interface Filter {
  readonly name: string;
  /**
   * Sees the request before it goes upstream, in the order of the chain. Answers at once when it can: a promise costs
   * every request. A promise that rejects answers 500: a filter that fails never lets a request pass.
   */
  onRequest?(exchange: Exchange): Verdict | Promise<Verdict>;
  /** Sees the head of the final response, the proxy's own answers among them, before it goes downstream, in reverse order. */
  onResponse?(exchange: Exchange, response: ResponseHead): void;
}

/** Decides whether requests may go on, whichever route they take. */
export interface Authorizer {
  /** @returns the answer to a request that may not */
  authorize(exchange: Exchange): Verdict;
}

/** What decided over an exchange, made before any request came. */
export interface AuthorizationDecision {
  readonly result: 'allowed' | 'denied' | 'would-deny' | 'broken';
  /** For the access log. */
  readonly text: string;
}

// ── upstream ──

/** A running group of endpoints with one policy. */
export interface Cluster extends StreamCluster {
  readonly name: string;
  readonly service: { readonly name: string; readonly namespace: string };
  /** What is spoken to its endpoints, as declared: gRPC needs HTTP/2. @defaultValue `http1` */
  readonly protocol?: ClusterProtocol;
  /** Sends the exchange's request and passes its response to the exchange, retrying where that is safe. */
  forward(exchange: Exchange): void;
  /** Sends a copy of the exchange's request and discards the response. Never delays the exchange. */
  mirror(exchange: Exchange): void;
}
