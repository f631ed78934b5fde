/** What TLS agreed on for one connection. This file loads no OpenSSL: a gateway without TLS has none in memory. */
export interface TlsSession {
  /** SNI in lower case, or '' where the client named no host. */
  readonly serverName: string;
  /** Protocol chosen by ALPN (RFC 7301), or '' where the two did not speak of it. */
  readonly alpn: string;
  /** `TLSv1.3` or `TLSv1.2`. */
  readonly version: string;
  /** Name of the listener that the server name led to; '' where it fits none, and for connections made from here. */
  readonly listener: string;
  /** Whether listeners of this port ask clients for different things, so that a connection to one serves no other. */
  readonly isolated: boolean;
  /** The other side's certificate, verified; null where it showed none that leads to a known root. */
  readonly certificate: PeerCertificate | null;
}

/** Who a verified peer is. */
export interface PeerCertificate {
  /** Distinguished name, one line: `CN=shop,O=Example`. */
  readonly subject: string;
  /** Values of type DNS. */
  readonly dnsNames: readonly string[];
  /** Values of type URI, among them a SPIFFE id. */
  readonly uris: readonly string[];
  /** SHA-256 of the certificate, 64 hexadecimal digits in lower case. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** The whole of it in DER, for readers that must not depend on how others render it. */
  readonly raw: Uint8Array;
}
