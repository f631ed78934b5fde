import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { IdentityProblem } from '../identity-problem.ts';
import { type PeerIdentity, readPeerIdentity } from '../peer-identity.ts';
import type { TrustBundle } from '../trust-bundle.ts';

/** One end of a connection. */
export interface End {
  readonly certificateChain: string;
  /** PEM. */
  readonly privateKey: string;
  readonly bundle: TrustBundle;
}

/** Who each end takes the other for; the code of its error where TLS itself refused. */
export interface Handshake {
  readonly server: PeerIdentity | IdentityProblem | string;
  readonly client: PeerIdentity | IdentityProblem | string;
}

/** Does one handshake with mutual TLS 1.3 over loopback, as two proxies do. */
export async function handshake(server: End, client: End): Promise<Handshake> {
  const listener = createServer({ ...optionsOf(server), requestCert: true, rejectUnauthorized: false });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const seenByServer = new Promise<Handshake['server']>((resolve) => {
    listener.once('secureConnection', (socket) => {
      socket.on('error', () => {});
      // Node's server tells the reason only where it is left to it to refuse.
      if (!socket.authorized) {
        resolve(String(socket.authorizationError));
        socket.destroy();
        return;
      }
      resolve(peerOf(socket, server));
      socket.end('.');
    });
    listener.once('tlsClientError', (error) => resolve(codeOf(error)));
  });
  const { port } = listener.address() as AddressInfo;
  // The name is checked by who connects: SPIFFE ids are no host names.
  const socket = connect({ ...optionsOf(client), host: '127.0.0.1', port, checkServerIdentity: () => undefined });
  const seenByClient = await new Promise<Handshake['client']>((resolve) => {
    let seen: Handshake['client'] = 'closed';
    socket.once('secureConnect', () => (seen = peerOf(socket, client)));
    // In TLS 1.3 the server judges the client after the client has finished: only what arrives tells the outcome.
    socket.once('data', () => resolve(seen));
    socket.once('error', (error) => resolve(codeOf(error)));
    socket.once('close', () => resolve('closed'));
  });
  socket.destroy();
  const seen = await seenByServer;
  listener.close();
  await once(listener, 'close');
  return { server: seen, client: seenByClient };
}

/** @returns the identity's URI, or why there is none */
export function nameOf(seen: PeerIdentity | IdentityProblem | string): string {
  if (typeof seen === 'string') return seen;
  return 'problem' in seen ? seen.problem : seen.spiffeId.uri;
}

function optionsOf({ certificateChain, privateKey, bundle }: End): SecureContextOptions {
  return { cert: certificateChain, key: privateKey, ca: [...bundle.roots], minVersion: 'TLSv1.3' };
}

function peerOf(socket: TLSSocket, { bundle }: End): PeerIdentity | IdentityProblem | string {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? 'no certificate' : readPeerIdentity(certificate, bundle.trustDomain, Date.now());
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
