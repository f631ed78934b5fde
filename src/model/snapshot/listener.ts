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
  readonly protocol: 'HTTP' | 'HTTPS';
  /** Host names served: exact, `*.example.com`, or '' for any. The most specific listener of an acceptor gets a request. */
  readonly hostname: string;
  /** Names of certificate resources, first one is the default; HTTPS only. */
  readonly certificates: readonly string[];
}
