import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { MeshEndpoint } from '#model/snapshot/endpoints.ts';
import type { ProxiedAddresses } from '#codec/proxy-protocol/addresses.ts';
import { encodeProxyHeader } from '#codec/proxy-protocol/encoder.ts';
import { connect, dialInVain, type ConnectObserver, type Dial } from '#transport/connect.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import type { MeshHop } from '#telemetry/exchange-record.ts';
import type { TlsClient } from '#transport/tls-connect.ts';

/** Makes TLS clients; given in, because TLS is loaded only where it is declared. */
export interface UpstreamTls {
  /** @param alpn the protocol that is spoken inside, '' for none that ALPN has a name for @returns the reason where that cannot be done */
  createClient(resource: ClusterResource, alpn: string): TlsClient | string;
}

/** Reaches endpoints through their sidecars; given in by the assemblies that are part of the mesh. */
export interface UpstreamMesh {
  dial(address: string, port: number, mesh: MeshEndpoint, service: ClusterResource['service']): Dial;
  /** Who requests to an endpoint go to. @param mesh null where it is spoken to directly */
  hopTo(mesh: MeshEndpoint | null, service: ClusterResource['service']): MeshHop;
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

  /** Whether connections begin with who the client is, so that none is for two clients. */
  get introduces(): boolean {
    return this.#resource.proxyProtocol === 1 || this.#resource.proxyProtocol === 2;
  }

  /** Towards an endpoint that is spoken to by HTTP. @param client who is told of where that is wanted; null for nobody */
  http(address: string, port: number, client: ProxiedAddresses | null): Dial {
    const preamble = this.#preamble(client);
    if (this.#resource.tls === null) return plainDial(address, port, preamble);
    this.#http ??= this.#tls.createClient(this.#resource, ALPN[this.#resource.protocol]);
    return secureDial(this.#http, address, port, preamble);
  }

  /** Towards an endpoint that octets are passed to as they are. @param client as for {@link http} */
  opaque(address: string, port: number, client: ProxiedAddresses): Dial {
    const preamble = this.#preamble(client);
    if (this.#resource.tls === null) return plainDial(address, port, preamble);
    this.#opaque ??= this.#tls.createClient(this.#resource, '');
    return secureDial(this.#opaque, address, port, preamble);
  }

  #preamble(client: ProxiedAddresses | null): string {
    const { proxyProtocol } = this.#resource;
    return proxyProtocol === 1 || proxyProtocol === 2 ? encodeProxyHeader(proxyProtocol, client) : '';
  }
}

/** @param preamble sent first, octets as characters */
const plainDial =
  (address: string, port: number, preamble: string): Dial =>
  (observer) =>
    connect(address, port, preamble === '' ? observer : new Introduction(observer, preamble));

/** Says who the client is before anybody else says anything. */
class Introduction implements ConnectObserver {
  readonly #observer: ConnectObserver;
  readonly #preamble: string;

  constructor(observer: ConnectObserver, preamble: string) {
    this.#observer = observer;
    this.#preamble = preamble;
  }

  connected(connection: Connection): ConnectionObserver {
    connection.writeText(this.#preamble);
    return this.#observer.connected(connection);
  }

  connectFailed(cause: string, during: 'connect' | 'handshake'): void {
    this.#observer.connectFailed(cause, during);
  }
}

/** Without what TLS needs nothing is sent at all: never in the clear. @param preamble sent in front of the handshake */
const secureDial = (client: TlsClient | string, address: string, port: number, preamble: string): Dial =>
  typeof client === 'string'
    ? dialInVain(client, 'handshake')
    : (observer) => client.connect(address, port, preamble, observer);
