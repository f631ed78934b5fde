import { X509Certificate } from 'node:crypto';
import { connect as connectSocket, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  getCACertificates,
  type ConnectionOptions,
  type PeerCertificate as NodeCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { ClusterTls, SubjectAltName } from '#model/snapshot/cluster.ts';
import type { ConnectObserver, PendingConnect } from './connect.ts';
import { Connection, NOBODY } from './connection.ts';
import { fastPath } from './fast-path.ts';
import { READ_SOURCE, readInto } from './read.ts';
import { parseSubjectAltNames } from './subject-alt-names.ts';
import { beginTurn, endTurn } from './turn.ts';

/** Endpoints of one backend whose last session is remembered. */
const MAX_SESSIONS = 1024;

/** Options of sockets that Node's types do not know of TLS sockets, which pass them on. */
interface SocketOptions {
  readonly allowHalfOpen: boolean;
  readonly noDelay: boolean;
  readonly autoSelectFamily: boolean;
}

/** @returns what is wrong with a certificate that leads to a known root, or '' */
type CertificateJudge = (certificate: { readonly raw: Uint8Array }) => string;

const errorOf = (problem: string): Error | undefined => (problem === '' ? undefined : new Error(problem));

/** TLS towards one backend: the server is always verified. Never changes. */
export class TlsClient {
  readonly #tls: ClusterTls;
  readonly #context: SecureContext;
  readonly #alpn: string;
  readonly #problemOf: CertificateJudge;
  /** The last session with each endpoint, which spares the next handshake its signatures and certificates. */
  readonly #sessions = new Map<string, Buffer>();

  private constructor(tls: ClusterTls, context: SecureContext, alpn: string, problemOf: CertificateJudge) {
    this.#tls = tls;
    this.#context = context;
    this.#alpn = alpn;
    this.#problemOf = problemOf;
  }

  /**
   * @param certificate what is shown to servers that ask; null for none
   * @param alpn the protocol that is spoken inside, which the server must agree to where it knows ALPN; '' for any
   * @param minVersion lowest version that the server may choose
   * @param problemOf what else is wrong with a server's certificate that is for the right name; '' for nothing
   * @returns the reason where that cannot be done
   */
  static create(
    tls: ClusterTls,
    certificate: CertificateResource | null,
    alpn: string,
    minVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.2',
    problemOf: CertificateJudge = () => '',
  ): TlsClient | string {
    try {
      const roots = tls.caCertificates ?? systemRoots();
      const context = createSecureContext({
        ...(roots === null ? {} : { ca: roots }),
        ...(certificate === null ? {} : { cert: certificate.certificateChain, key: certificate.privateKey }),
        minVersion,
      });
      return new TlsClient(tls, context, alpn, problemOf);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /**
   * Connects, and makes the handshake.
   * @param address an IP address
   * @param preamble octets as characters, sent in the clear in front of the handshake; '' for none
   */
  connect(address: string, port: number, preamble: string, observer: ConnectObserver): PendingConnect {
    const key = `${address} ${port}`;
    let connection: Connection | null = null;
    let settled = false;
    let during: 'connect' | 'handshake' = 'connect';
    const receive = (buffer: Buffer, length: number): void => connection?.received(buffer, length);
    const plain = preamble === '' ? null : introduce(address, port, preamble);
    const socket = connect({
      ...this.#options(address, port, key, receive),
      ...(plain === null ? {} : { socket: plain }),
    });
    const fail = (error: NodeJS.ErrnoException): void => {
      if (settled) return;
      settled = true;
      this.#sessions.delete(key);
      socket.destroy();
      const outermost = beginTurn();
      observer.connectFailed(reasonOf(error), during);
      endTurn(outermost);
    };
    socket.once('error', fail);
    socket.once('close', () => fail(new Error('the server closed the connection')));
    (plain ?? socket).once('connect', () => (during = 'handshake'));
    plain?.once('error', fail);
    socket.on('session', (session: Buffer) => this.#remember(key, session));
    socket.once('secureConnect', () => {
      if (settled) return;
      if (this.#alpn !== '' && !this.#agrees(socket)) {
        fail(new Error(`the server does not speak ${this.#alpn} (ALPN)`));
        return;
      }
      settled = true;
      socket.removeListener('error', fail);
      const outermost = beginTurn();
      connection = new Connection(socket, NOBODY, {
        serverName: this.#tls.hostname,
        alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '',
        version: socket.getProtocol() ?? '',
        listener: '',
        isolated: false,
        certificate: null,
      });
      connection.observe(observer.connected(connection));
      if (!connection.paused) socket.resume();
      endTurn(outermost);
    });
    if (!fastPath.enabled || plain !== null) socket.on('data', (bytes: Buffer) => receive(bytes, bytes.length));
    return {
      cancel: () => {
        settled = true;
        socket.destroy();
      },
    };
  }

  #options(
    address: string,
    port: number,
    key: string,
    receive: (buffer: Buffer, length: number) => void,
  ): ConnectionOptions & SocketOptions {
    const session = this.#sessions.get(key);
    const { hostname, subjectAltNames } = this.#tls;
    return {
      host: address,
      port,
      servername: hostname,
      secureContext: this.#context,
      rejectUnauthorized: true,
      checkServerIdentity: (_, certificate) =>
        identityProblem(hostname, subjectAltNames, certificate) ?? errorOf(this.#problemOf(certificate)),
      ...(this.#alpn === '' ? {} : { ALPNProtocols: [this.#alpn] }),
      ...(session === undefined ? {} : { session }),
      ...(fastPath.enabled ? { onread: readInto((length) => receive(READ_SOURCE, length)) } : {}),
      allowHalfOpen: true,
      noDelay: true,
      autoSelectFamily: false,
    };
  }

  /** HTTP/1.1 is what a server that knows no ALPN speaks as well; HTTP/2 must be agreed on (RFC 9113 §3.2). */
  #agrees(socket: TLSSocket): boolean {
    const { alpnProtocol } = socket;
    return alpnProtocol === this.#alpn || (this.#alpn === 'http/1.1' && typeof alpnProtocol !== 'string');
  }

  #remember(key: string, session: Buffer): void {
    if (this.#sessions.size < MAX_SESSIONS || this.#sessions.has(key)) this.#sessions.set(key, session);
  }
}

/** Opens the plain connection that a handshake comes behind. */
const introduce = (address: string, port: number, preamble: string): Socket => {
  const plain = connectSocket({ host: address, port, allowHalfOpen: true, noDelay: true, autoSelectFamily: false });
  plain.write(preamble, 'latin1'); // kept until it is connected
  return plain;
};

/** Null, where the system keeps none, for those that Node brings along. */
const systemRoots = (): string[] | null => {
  const roots = getCACertificates('system');
  return roots.length === 0 ? null : roots;
};

/** Alternative names that are declared stand instead of the host name (Gateway API, BackendTLSPolicy). */
const identityProblem = (
  hostname: string,
  declared: readonly SubjectAltName[],
  certificate: NodeCertificate,
): Error | undefined => {
  if (declared.length === 0) return checkServerIdentity(hostname, certificate);
  const names = parseSubjectAltNames(certificate.subjectaltname);
  const leaf = new X509Certificate(certificate.raw);
  const matches = declared.some(({ type, value }) =>
    type === 'Hostname' ? leaf.checkHost(value, { subject: 'never' }) !== undefined : hasUri(names, value),
  );
  if (matches) return undefined;
  const found = names.map(({ value }) => value).join(', ');
  const wanted = declared.map(({ value }) => value).join(' or ');
  return new Error(`the certificate of the server is for ${found === '' ? 'nobody' : found}, not for ${wanted}`);
};

/** A SPIFFE id stands alone: of several URIs, each reader could take another one for the identity (X509-SVID §2). */
const hasUri = (names: readonly { readonly type: string; readonly value: string }[], uri: string): boolean => {
  const uris = names.filter(({ type }) => type === 'URI');
  return uris.some(({ value }) => value === uri) && (uris.length === 1 || !uri.startsWith('spiffe://'));
};

/** What OpenSSL says in its text, its code says shorter; what verification says, its text says better. */
const reasonOf = ({ code, message }: NodeJS.ErrnoException): string => {
  if (code === undefined) return message;
  // Behind a semicolon stands what to try on the command line of Node.
  return code.startsWith('ERR_SSL_') || code === message ? code : `${code}: ${message.split(';')[0]}`;
};
