import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { SnapshotDelta, SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { TlsAccept } from '#transport/tls-accept.ts';
import type { TlsClient } from '#transport/tls-connect.ts';
import type { TlsServer } from '#transport/tls-server.ts';
import type { TicketKeys } from '#transport/tls-ticket-keys.ts';

/** The parts of the proxy that speak TLS. They bring OpenSSL into memory, some 8 MB. */
export interface TlsModules {
  readonly TlsServer: typeof TlsServer;
  readonly TlsAccept: typeof TlsAccept;
  readonly TlsClient: typeof TlsClient;
  readonly TicketKeys: typeof TicketKeys;
}

const loadTls = async (): Promise<TlsModules> => {
  const [server, accept, connect, tickets] = await Promise.all([
    import('#transport/tls-server.ts'),
    import('#transport/tls-accept.ts'),
    import('#transport/tls-connect.ts'),
    import('#transport/tls-ticket-keys.ts'),
  ]);
  return {
    TlsServer: server.TlsServer,
    TlsAccept: accept.TlsAccept,
    TlsClient: connect.TlsClient,
    TicketKeys: tickets.TicketKeys,
  };
};

/** TLS as one thread has it: nothing until a resource needs it, then the certificates with what uses them. */
export class ThreadTls {
  readonly certificates = new Map<string, CertificateResource>();
  readonly #ticketMemory: SharedArrayBuffer;
  #modules: TlsModules | null = null;
  #ticketKeys: TicketKeys | null = null;

  constructor(ticketMemory: SharedArrayBuffer) {
    this.#ticketMemory = ticketMemory;
  }

  /** Null until {@link take} has seen what needs TLS. */
  get loaded(): { readonly modules: TlsModules; readonly ticketKeys: TicketKeys } | null {
    if (this.#modules === null) return null;
    this.#ticketKeys ??= new this.#modules.TicketKeys(this.#ticketMemory);
    return { modules: this.#modules, ticketKeys: this.#ticketKeys };
  }

  /** Takes certificates over, and loads TLS where something now needs it. @returns names of certificates that changed */
  async take({ upserts, removals }: SnapshotDelta): Promise<ReadonlySet<string>> {
    const changed = new Set<string>();
    for (const key of removals) {
      if (key.startsWith('certificate ')) this.certificates.delete(key.slice('certificate '.length));
    }
    for (const resource of upserts) {
      if (resource.type !== 'certificate') continue;
      this.certificates.set(resource.name, resource);
      changed.add(resource.name);
    }
    if (this.#modules === null && upserts.some(speaksTls)) this.#modules = await loadTls();
    return changed;
  }

  /** @param alpn the protocol that is spoken inside, or '' @returns the reason where that cannot be done */
  createClient({ tls }: ClusterResource, alpn: string): TlsClient | string {
    if (this.#modules === null || tls === null) return 'TLS is not loaded';
    const { clientCertificate } = tls;
    const certificate = clientCertificate === null ? null : this.certificates.get(clientCertificate);
    if (certificate === undefined) return `certificate ${clientCertificate} is not known`;
    return this.#modules.TlsClient.create(tls, certificate, alpn);
  }
}

const speaksTls = (resource: SnapshotResource): boolean =>
  (resource.type === 'listener' || resource.type === 'cluster') && resource.tls !== null && resource.tls !== undefined;
