import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { controlPlaneId } from '#control/authority/control-identity.ts';
import { type PeerIdentity, readPeerIdentity } from '#identity/peer-identity.ts';
import type { WorkloadIdentity } from '#identity/svid-source.ts';
import { createTrustBundle, type TrustBundle } from '#identity/trust-bundle.ts';
import type { TrustDomain } from '#identity/trust-domain.ts';
import { leadsToRoot } from '#identity/x509/certification-path.ts';
import { Connection, NOBODY } from '#transport/connection.ts';
import { beginTurn, endTurn } from '#transport/turn.ts';
import type { Dial } from '#xds/discovery-transport.ts';
import { fingerprintOf } from './join-text.ts';

/** Where a control plane is. */
export interface ControlAddress {
  readonly host: string;
  readonly port: number;
}

/** Whom a workload believes, and what it shows once it has something to show. */
export interface DialCredentials {
  readonly bundle: TrustBundle;
  readonly identity: WorkloadIdentity | undefined;
}

/** What a root leads to: the mesh that it is of. */
export interface LearntMesh {
  readonly trustDomain: TrustDomain;
  readonly bundle: TrustBundle;
}

const LEARN_TIMEOUT_MS = 5000;

/** What OpenSSL says of a certificate that leads elsewhere. */
const FOREIGN_ROOT: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * Connects to a control plane over TLS, which must show the certificate of one.
 *
 * @param credentials asked at each connection, since they are renewed
 * @param noted told which local address leads there
 */
export function dialControl(
  { host, port }: ControlAddress,
  credentials: () => DialCredentials,
  noted: (localAddress: string) => void = () => {},
): Dial {
  return (observer) => {
    const { bundle, identity } = credentials();
    const socket = connectTls({
      ...placeOf(host, port),
      ca: [...bundle.roots],
      ...(identity !== undefined && { cert: identity.svid.certificateChain, key: identity.svid.key.exportPem() }),
      // Judged below, where the reason can be told, and whatever the environment says of verification.
      rejectUnauthorized: false,
      // The name in the certificate is a SPIFFE id, and not the host's.
      checkServerIdentity: () => undefined,
    });
    let settled = false;
    const settle = (then: () => void): void => {
      if (settled) return;
      settled = true;
      const outermost = beginTurn();
      then();
      endTurn(outermost);
    };
    const fail = (reason: string): void => {
      socket.destroy();
      settle(() => observer.connectFailed(reason, 'handshake'));
    };
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => fail(code ?? message));
    socket.once('close', () => fail('the connection was closed'));
    socket.once('secureConnect', () => {
      const problem = problemWithServer(socket, bundle.trustDomain) ?? problemWithPath(socket);
      if (problem !== undefined) return fail(problem);
      settle(() => {
        const connection = new Connection(socket, NOBODY);
        noted(connection.localAddress);
        connection.observe(observer.connected(connection));
        socket.on('data', (bytes: Buffer) => connection.received(bytes, bytes.length));
      });
    });
    return {
      cancel: () => {
        settled = true;
        socket.destroy();
      },
    };
  };
}

function placeOf(host: string, port: number) {
  const options = { host, port, ALPNProtocols: ['h2'], minVersion: 'TLSv1.3' } as const;
  // SNI names hosts, never addresses (RFC 6066 §3).
  return isIP(host) === 0 ? { ...options, servername: host } : options;
}

/** Any workload has a certificate of the same roots, so only the name tells a control plane. */
function problemWithServer(socket: TLSSocket, trustDomain: TrustDomain): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return 'the server shows no certificate';
  const peer = readPeerIdentity(certificate, trustDomain, Date.now());
  if ('problem' in peer) return peer.message;
  const expected = controlPlaneId(trustDomain).uri;
  return peer.spiffeId.uri === expected
    ? undefined
    : `the server is ${peer.spiffeId.uri}, not the control plane ${expected}`;
}

/** What OpenSSL has found, with the roots of the mesh; times of the certificate itself are judged before. */
function problemWithPath({ authorized, authorizationError }: TLSSocket): string | undefined {
  if (authorized) return undefined;
  // Node declares an Error, and gives OpenSSL's code.
  const code = String(authorizationError);
  if (FOREIGN_ROOT.has(code))
    return 'the certificate of the server leads to no root that this workload knows (was the root exchanged while it was away? it then needs a new join token)';
  return `the certificate of the server is not one of this mesh: ${code} (here it is ${new Date().toISOString()})`;
}

/**
 * Finds out which mesh a control plane is of, before anything is said to it: it must show a root with a fingerprint
 * that is known, and a certificate of a control plane below it.
 *
 * @throws (rejects) where it is not reached, or another one
 */
export async function learnMesh({ host, port }: ControlAddress, rootsSha256: readonly string[]): Promise<LearntMesh> {
  const socket = connectTls({ ...placeOf(host, port), rejectUnauthorized: false, timeout: LEARN_TIMEOUT_MS });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
      socket.once('timeout', () => reject(new Error('no answer in time')));
      socket.once('close', () => reject(new Error('the connection was closed')));
    });
    return judgeMesh(socket, rootsSha256);
  } finally {
    socket.on('error', () => {});
    socket.destroy();
  }
}

function judgeMesh(socket: TLSSocket, rootsSha256: readonly string[]): LearntMesh {
  const [certificate, ...issuers] = chainOf(socket.getPeerX509Certificate());
  const named = issuers.filter((issuer) => rootsSha256.includes(fingerprintOf(issuer)));
  if (certificate === undefined || named.length === 0)
    throw new Error(
      'it does not show the root certificate that the join token names (is it of another mesh, or was its root exchanged?)',
    );
  const peer = readAnyPeer(certificate);
  if (typeof peer === 'string') throw new Error(peer);
  const { trustDomain } = peer.spiffeId;
  // Amid an exchange it shows both roots, and its certificate leads to one of them.
  const root = named.find((candidate) => leadsToRoot(certificate, issuers, [candidate], Date.now()));
  if (root === undefined) throw new Error('its certificate does not lead to its root');
  const problem = problemWithServer(socket, trustDomain);
  if (problem !== undefined) throw new Error(problem);
  // Version 0: whatever the authority says itself is newer.
  const bundle = createTrustBundle(trustDomain, 0, root.toString());
  if (typeof bundle === 'string') throw new Error(bundle);
  return { trustDomain, bundle };
}

/** The trust domain is what is to be learnt: any will do that the certificate itself names. */
function readAnyPeer(certificate: X509Certificate): PeerIdentity | string {
  const uri = /URI:spiffe:\/\/([^/,]+)\//.exec(certificate.subjectAltName ?? '')?.[1] ?? '';
  const peer = readPeerIdentity(certificate, uri as TrustDomain, Date.now());
  return 'problem' in peer ? peer.message : peer;
}

/** What the peer has sent, its own certificate first. */
function chainOf(certificate: X509Certificate | undefined): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let one = certificate; one !== undefined && chain.length < 10; one = one.issuerCertificate) {
    if (chain.some(({ fingerprint256 }) => fingerprint256 === one?.fingerprint256)) break;
    chain.push(one);
  }
  return chain;
}
