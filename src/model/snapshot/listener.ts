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
}

/** `TLS` with {@link ListenerResource.tls} null passes the connection through; with it, what is inside is opaque. */
export type ListenerProtocol = 'HTTP' | 'HTTPS' | 'TLS' | 'TCP';

export interface ListenerTls {
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
