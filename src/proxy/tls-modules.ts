/** The parts of the proxy that speak TLS. They bring OpenSSL into memory, some 8 MB. */
export interface TlsModules {
  readonly TlsServer: typeof import('#transport/tls-server.ts').TlsServer;
  readonly TlsAccept: typeof import('#transport/tls-accept.ts').TlsAccept;
  readonly TicketKeys: typeof import('#transport/tls-ticket-keys.ts').TicketKeys;
}

/** Loads TLS: once, and only where a listener or a backend needs it. */
export const loadTls = async (): Promise<TlsModules> => {
  const [server, accept, tickets] = await Promise.all([
    import('#transport/tls-server.ts'),
    import('#transport/tls-accept.ts'),
    import('#transport/tls-ticket-keys.ts'),
  ]);
  return { TlsServer: server.TlsServer, TlsAccept: accept.TlsAccept, TicketKeys: tickets.TicketKeys };
};
