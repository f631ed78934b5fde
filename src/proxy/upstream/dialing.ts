import type { ClusterResource } from '#model/snapshot/cluster.ts';
import { connect, dialInVain, type Dial } from '#transport/connect.ts';
import type { TlsClient } from '#transport/tls-connect.ts';

/** Makes TLS clients; given in, because TLS is loaded only where it is declared. */
export interface UpstreamTls {
  /** @param alpn the protocol that is spoken inside, '' for none that ALPN has a name for @returns the reason where that cannot be done */
  createClient(resource: ClusterResource, alpn: string): TlsClient | string;
}

/** What ALPN (RFC 7301) calls what is spoken to a cluster's endpoints. */
const ALPN = Object.freeze({ http1: 'http/1.1', http2: 'h2' });

/** How the endpoints of one cluster are connected to, as of one version of it. */
export class Dialing {
  readonly #resource: ClusterResource;
  readonly #tls: UpstreamTls;
  #http: TlsClient | string | null = null;
  #opaque: TlsClient | string | null = null;

  constructor(resource: ClusterResource, tls: UpstreamTls) {
    this.#resource = resource;
    this.#tls = tls;
  }

  /** Towards an endpoint that is spoken to by HTTP. */
  http(address: string, port: number): Dial {
    if (this.#resource.tls === null) return (observer) => connect(address, port, observer);
    this.#http ??= this.#tls.createClient(this.#resource, ALPN[this.#resource.protocol]);
    return secureDial(this.#http, address, port);
  }

  /** Towards an endpoint that bytes are passed to as they are. */
  opaque(address: string, port: number): Dial {
    if (this.#resource.tls === null) return (observer) => connect(address, port, observer);
    this.#opaque ??= this.#tls.createClient(this.#resource, '');
    return secureDial(this.#opaque, address, port);
  }
}

/** Without what TLS needs nothing is sent at all: never in the clear. */
const secureDial = (client: TlsClient | string, address: string, port: number): Dial =>
  typeof client === 'string' ? dialInVain(client, 'handshake') : (observer) => client.connect(address, port, observer);
