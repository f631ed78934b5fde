import type { AuthorizationLevels } from './authorization.ts';

/** One listener of a `Gateway`. Listeners with the same address and port share one acceptor. */
export interface ListenerResource {
  readonly type: 'listener';
  /** `<namespace>/<gateway>/<listener>`. */
  readonly name: string;
  readonly version: string;
  /** `<namespace>/<gateway>`: the label of metrics and logs. */
  readonly gateway: string;
  /** Local address to bind, or '' for all addresses of the machine (IPv6 and IPv4). */
  readonly address: string;
  readonly port: number;
  readonly protocol: ListenerProtocol;
  /** Host names served: exact, `*.example.com`, or '' for any. The most specific listener of an acceptor gets a request. */
  readonly hostname: string;
  /** How TLS ends here; null where none is spoken, and where it is passed through. */
  readonly tls: ListenerTls | null;
  /** How the PROXY protocol's header is read; null where it is not. The same for all listeners of one address and port. */
  readonly proxyProtocol: ProxyProtocolReading | null;
  /** What clients may take; null for what is usual. */
  readonly limits: ListenerLimits | null;
  /** The authorization policies of its gateway and its own; absent for none. */
  readonly authorization?: AuthorizationLevels;
}

/** `TLS` with {@link ListenerResource.tls} null passes the connection through; with it, what is inside is opaque. */
export type ListenerProtocol = 'HTTP' | 'HTTPS' | 'TLS' | 'TCP';

export interface ListenerTls {
  /** Lowest version that clients may speak. */
  readonly minVersion: '1.2' | '1.3';
  /** Names of certificate resources; the first is for clients that name no host, or none that another fits. */
  readonly certificates: readonly string[];
  /** What is asked of clients; null where nothing is. */
  readonly clientValidation: ClientValidation | null;
}

export interface ClientValidation {
  /** PEM: roots that a client's certificate must lead to. */
  readonly caCertificates: string;
  /** Whether a client without a valid certificate is let in all the same, as nobody. */
  readonly optional: boolean;
}

export interface ProxyProtocolReading {
  /** `required`: connections without the header, or from elsewhere, are closed. `optional`: they are served as they are. */
  readonly mode: 'required' | 'optional';
  /** Address ranges, as in `10.0.0.0/8`, whose header is believed. */
  readonly trusted: readonly string[];
}

/** As a `ClientTrafficPolicy` declares them; 0 ms is without limit where that can be declared. */
export interface ListenerLimits {
  /** Of an HTTP connection before its first request and between two. */
  readonly idleTimeoutMs: number;
  /** From the first octet of a request's head to its end. */
  readonly headTimeoutMs: number;
  /** Of a request on which nothing moves. */
  readonly streamIdleTimeoutMs: number;
  /** Of a connection that is passed on as it is, and on which nothing moves. */
  readonly tcpIdleTimeoutMs: number;
  /** Of a head, and again of a trailer section. */
  readonly fieldBytes: number;
  readonly fieldCount: number;
  readonly targetBytes: number;
  readonly methodBytes: number;
  readonly chunkExtensionBytes: number;
  /** HTTP/2: open requests of one connection. */
  readonly concurrentStreams: number;
  /** HTTP/2: what a client may send of one request before it was passed on. */
  readonly streamWindowBytes: number;
  /** HTTP/2: the same of all requests of one connection together. */
  readonly connectionWindowBytes: number;
}
