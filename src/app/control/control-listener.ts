import { constants } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket, type SecureContextOptions } from 'node:tls';
import { type PeerIdentity, readPeerIdentity } from '#identity/peer-identity.ts';
import type { TrustDomain } from '#identity/trust-domain.ts';
import { Connection, NOBODY } from '#transport/connection.ts';
import type { GrpcServer } from '#xds/grpc-server.ts';
import type { ServerCredentials } from './own-identity.ts';

export interface ControlListenerOptions {
  readonly credentials: ServerCredentials;
  readonly trustDomain: TrustDomain;
  /** @param peer who has connected; null for somebody without a valid certificate, who may join at most */
  readonly serve: (peer: PeerIdentity | null) => GrpcServer;
  /** Told why a peer's certificate counts for nothing. */
  readonly refused: (reason: string) => void;
}

/** Peers that have not finished their handshake by then are sent away. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** To join takes one call; whoever stays longer holds memory that is for the mesh. */
const STRANGER_TIMEOUT_MS = 30_000;
/** Peers without a valid certificate at one time: a thousand machines may start from one image. */
const MAX_STRANGERS = 1024;
/** What a `setTimeout` can wait for at most; longer-lived certificates are looked at again. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The port of a control plane: HTTP/2 over TLS 1.3, with whoever comes. */
export class ControlListener {
  readonly #server: Server;
  readonly #options: ControlListenerOptions;
  readonly #connections = new Map<TLSSocket, GrpcServer>();
  /** Connections of peers without a valid certificate. */
  #strangers = 0;

  constructor(options: ControlListenerOptions) {
    this.#options = options;
    this.#server = createServer({
      ...contextOf(options.credentials),
      ALPNProtocols: ['h2'],
      requestCert: true,
      // Who has none may still join.
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
    this.#server.on('tlsClientError', (_, socket) => socket.destroy());
  }

  /** @param address IP address, or '' for all @throws (rejects) where the port cannot be bound */
  async listen(address: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...(address !== '' && { host: address }), port, exclusive: true }, resolve);
    });
    this.#server.removeAllListeners('error').on('error', () => {});
    return (this.#server.address() as AddressInfo).port;
  }

  /** Shows another certificate, and believes other roots, from the next handshake on. */
  renew(credentials: ServerCredentials): void {
    this.#server.setSecureContext(contextOf(credentials));
  }

  close(): void {
    this.#server.close();
    for (const [socket, server] of this.#connections) {
      server.close();
      // What was said last leaves first.
      setTimeout(() => socket.destroy(), 100).unref();
    }
  }

  #accept(socket: TLSSocket): void {
    if (socket.alpnProtocol !== 'h2') return void socket.destroy();
    const peer = this.#peerOf(socket);
    if (peer === null && !this.#admitStranger(socket)) return void socket.destroy();
    const server = this.#options.serve(peer);
    this.#connections.set(socket, server);
    socket.once('close', () => this.#connections.delete(socket));
    const connection = new Connection(socket, NOBODY);
    connection.observe(server.serve(connection, peer?.spiffeId.uri ?? ''));
    socket.on('data', (bytes: Buffer) => connection.received(bytes, bytes.length));
    if (peer !== null) closeAtExpiry(socket, peer.expiresAtMs);
  }

  #admitStranger(socket: TLSSocket): boolean {
    if (this.#strangers >= MAX_STRANGERS) return false;
    this.#strangers++;
    const timer = setTimeout(() => socket.destroy(), STRANGER_TIMEOUT_MS);
    timer.unref();
    socket.once('close', () => {
      clearTimeout(timer);
      this.#strangers--;
    });
    return true;
  }

  /** A certificate that is not valid is as good as none: its owner can join anew. */
  #peerOf(socket: TLSSocket): PeerIdentity | null {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return null;
    const refuse = (reason: string): null => {
      this.#options.refused(`${socket.remoteAddress ?? 'a peer that has gone'}: ${reason}`);
      return null;
    };
    // Node declares an Error, and gives OpenSSL's code.
    if (!socket.authorized) return refuse(`its certificate is not valid: ${String(socket.authorizationError)}`);
    const peer = readPeerIdentity(certificate, this.#options.trustDomain, Date.now());
    return 'problem' in peer ? refuse(peer.message) : peer;
  }
}

/** Sessions are never taken up again: each connection shows that its certificate is valid now. */
function contextOf({ certificateChain, privateKey, roots }: ServerCredentials): SecureContextOptions {
  return {
    cert: certificateChain,
    key: privateKey,
    ca: roots,
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** Who has a newer certificate by then connects again with it. */
function closeAtExpiry(socket: TLSSocket, expiresAtMs: number): void {
  const leftMs = expiresAtMs - Date.now();
  const timer = setTimeout(
    () => (leftMs > MAX_DELAY_MS ? closeAtExpiry(socket, expiresAtMs) : socket.destroy()),
    Math.min(leftMs, MAX_DELAY_MS),
  );
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}
