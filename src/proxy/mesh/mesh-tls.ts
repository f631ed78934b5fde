import { readPeerIdentity } from '#identity/peer-identity.ts';
import type { WorkloadIdentity } from '#identity/svid-source.ts';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { MeshEndpoint } from '#model/snapshot/endpoints.ts';
import type { MeshHop, MeshParty } from '#telemetry/exchange-record.ts';
import type { Clock } from '#transport/clock.ts';
import { dialInVain, type Dial } from '#transport/connect.ts';
import { NOBODY } from '#transport/connection.ts';
import { openArrival } from '#transport/read.ts';
import { TlsAccept } from '#transport/tls-accept.ts';
import { TlsClient } from '#transport/tls-connect.ts';
import { TlsServer } from '#transport/tls-server.ts';
import { TicketKeys } from '#transport/tls-ticket-keys.ts';
import type { AcceptTls } from '../downstream/tls-admission.ts';
import type { UpstreamMesh } from '../upstream/dialing.ts';
import { partyOf, UNKNOWN_PARTY, validIdentity, type MeshIdentity } from './mesh-identity.ts';
import { meshServerName } from './server-name.ts';

/** The only protocol that is asked for between sidecars (ALPN, RFC 7301). */
const HTTP2 = 'h2';
/** What sidecars take of callers, the first preferred. */
const ACCEPTED = Object.freeze([HTTP2, 'http/1.1']);
/** Peers whose TLS client is remembered; beyond them all are forgotten, and made again as they are needed. */
const MAX_CLIENTS = 1024;

/**
 * TLS between sidecars: version 1.3, both sides verified, with the identity as it is at the time of each handshake. So a
 * renewed one is shown from then on, and connections that exist go on.
 */
export class MeshTls implements UpstreamMesh {
  readonly #identity: MeshIdentity;
  readonly #clock: Clock;
  readonly #ticketKeys: TicketKeys;
  readonly #unsubscribe: () => void;
  #server: TlsServer | string | null = null;
  readonly #clients = new Map<string, TlsClient | string>();
  #self: MeshParty | null = null;
  #unplaced: MeshHop | null = null;

  /** @param ticketMemory what session tickets are sealed with, shared by the threads of a process */
  constructor(identity: MeshIdentity, clock: Clock, ticketMemory: SharedArrayBuffer) {
    this.#identity = identity;
    this.#clock = clock;
    this.#ticketKeys = new TicketKeys(ticketMemory);
    this.#unsubscribe = identity.subscribe(() => this.#forget());
  }

  /** Listens to the identity no longer. */
  close(): void {
    this.#unsubscribe();
  }

  /** This side, as its own certificate names it; parts are '' while there is no identity. */
  get self(): MeshParty {
    if (this.#self !== null) return this.#self;
    const identity = validIdentity(this.#identity);
    if (identity === null) return UNKNOWN_PARTY;
    this.#self = partyOf(identity.svid.spiffeId.uri);
    return this.#self;
  }

  /**
   * Judges a certificate that leads to a known root: whether it is that of a workload of this side's own realm.
   *
   * @returns the reason where it is not, or ''
   */
  problemOf(certificate: { readonly raw: Uint8Array }): string {
    const identity = validIdentity(this.#identity);
    if (identity === null) return NO_IDENTITY;
    const peer = readPeerIdentity(certificate, identity.bundle.trustDomain, Date.now());
    return 'problem' in peer ? peer.message : '';
  }

  /** Begins the server side of a handshake; without an identity, connections are closed. */
  readonly accept: AcceptTls = (arrival, serverName, observer) => {
    const server = this.#currentServer();
    if (typeof server !== 'string') return new TlsAccept(arrival, server, serverName, this.#clock, observer);
    const soon = setImmediate(() => observer.handshakeFailed(server));
    openArrival(arrival, (connection) => {
      connection.destroy();
      return NOBODY;
    });
    return { cancel: () => clearImmediate(soon) };
  };

  dial(address: string, port: number, mesh: MeshEndpoint, service: ClusterResource['service']): Dial {
    const serverName = meshServerName({ port, service });
    return (observer) => {
      const client = this.#client(serverName, mesh.principal);
      const dial: Dial =
        typeof client === 'string'
          ? dialInVain(client, 'handshake')
          : (waiting) => client.connect(address, mesh.port, '', waiting);
      return dial(observer);
    };
  }

  hopTo(mesh: MeshEndpoint | null, service: ClusterResource['service']): MeshHop {
    return Object.freeze({
      reporter: 'source',
      source: this.self,
      destination: mesh === null ? UNKNOWN_PARTY : partyOf(mesh.principal),
      service,
      security: mesh === null ? 'none' : 'mutual_tls',
    });
  }

  /** From this side to nobody yet: of requests that reach no endpoint. */
  get unplaced(): MeshHop {
    this.#unplaced ??= Object.freeze({
      reporter: 'source',
      source: this.self,
      destination: UNKNOWN_PARTY,
      service: null,
      security: 'none',
    });
    return this.#unplaced;
  }

  #forget(): void {
    this.#self = null;
    this.#unplaced = null;
    this.#server = null;
    this.#clients.clear();
  }

  /** @returns the reason where there is none */
  #currentServer(): TlsServer | string {
    const identity = validIdentity(this.#identity);
    if (identity === null) return NO_IDENTITY;
    this.#server ??= createServer(identity, this.#ticketKeys);
    return this.#server;
  }

  /** One for all endpoints of a port that run as the same identity. */
  #client(serverName: string, principal: string): TlsClient | string {
    const identity = validIdentity(this.#identity);
    if (identity === null) return NO_IDENTITY;
    const key = `${serverName} ${principal}`;
    let client = this.#clients.get(key);
    if (client === undefined) {
      if (this.#clients.size >= MAX_CLIENTS) this.#clients.clear();
      client = createClient(identity, serverName, principal, (certificate) => this.problemOf(certificate));
      this.#clients.set(key, client);
    }
    return client;
  }
}

const NO_IDENTITY = 'this workload has no valid identity';

const createServer = (identity: WorkloadIdentity, ticketKeys: TicketKeys): TlsServer | string => {
  const clientValidation = { caCertificates: rootsOf(identity), optional: false };
  const certificates = [certificateOf(identity)];
  const listener = { name: 'mesh', hostname: '', certificates, clientValidation, minVersion: '1.3' } as const;
  const { server, failures } = TlsServer.create([listener], ACCEPTED, ticketKeys);
  return server ?? failures[0]?.message ?? NO_IDENTITY;
};

/** The server's name tells it what the connection is for; who it is, its SPIFFE id alone says. */
const createClient = (
  identity: WorkloadIdentity,
  serverName: string,
  principal: string,
  problemOf: MeshTls['problemOf'],
): TlsClient | string =>
  TlsClient.create(
    {
      hostname: serverName,
      caCertificates: rootsOf(identity),
      subjectAltNames: [{ type: 'URI', value: principal }],
      clientCertificate: null,
    },
    certificateOf(identity),
    HTTP2,
    'TLSv1.3',
    problemOf,
  );

const rootsOf = ({ bundle }: WorkloadIdentity): string => bundle.roots.join('\n');

const certificateOf = ({ svid }: WorkloadIdentity): CertificateResource => ({
  type: 'certificate',
  name: svid.spiffeId.uri,
  version: svid.serialNumber,
  certificateChain: svid.certificateChain,
  privateKey: svid.key.exportPem(),
});
