import { Socket, type OnReadOpts } from 'node:net';
import { PassThrough } from 'node:stream';
import { TLSSocket, type SecureContext, type TLSSocketOptions } from 'node:tls';
import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import type { Arrival } from './arrival.ts';
import type { Clock } from './clock.ts';
import { fastPath } from './fast-path.ts';
import { Connection, NOBODY, type ConnectionAddresses, type ConnectionObserver } from './connection.ts';
import { READ_SOURCE, readInto } from './read.ts';
import { readPeerCertificate } from './tls-peer-certificate.ts';
import type { TlsServer, TlsChoice } from './tls-server.ts';
import type { PeerCertificate, TlsSession } from './tls-session.ts';
import { beginTurn, endTurn } from './turn.ts';

/** For a whole handshake (conventions: detection takes at most 10 s). */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Who waits for a handshake to end. Exactly one of the two is called, once, unless it is given up. */
export interface HandshakeObserver {
  /** @returns who listens to the connection */
  established(connection: Connection, session: TlsSession): ConnectionObserver;
  /** The connection is gone. @param cause for logs: OpenSSL's or the system's code, or a reason in words */
  handshakeFailed(cause: string): void;
}

/** The server side of one handshake. */
export class TlsAccept implements Expirable {
  readonly #server: TlsServer;
  readonly #clock: Clock;
  readonly #observer: HandshakeObserver;
  readonly #timer = new WheelTimer(this);
  readonly #socket: TLSSocket;
  readonly #proxied: ConnectionAddresses | null;
  #connection: Connection | null = null;
  #choice: TlsChoice;
  #failure = '';
  #ended = false;

  /** @param serverName lower case, where it is known already; it must be where the server's naming is `before` */
  constructor(
    arrival: Arrival,
    server: TlsServer,
    serverName: string | null,
    clock: Clock,
    observer: HandshakeObserver,
  ) {
    this.#server = server;
    this.#clock = clock;
    this.#observer = observer;
    this.#choice = server.choose(serverName ?? '');
    this.#proxied = arrival.kind === 'begun' ? arrival.connection.proxied : null;
    this.#socket = this.#open(arrival);
    this.#socket.on('error', this.#onError);
    this.#socket.on('_tlsError', this.#onError);
    this.#socket.once('close', this.#onClose);
    this.#socket.once('end', this.#onClose); // half open is for what is behind the handshake
    this.#socket.once('secure', this.#onSecure);
    clock.schedule(this.#timer, clock.now() + HANDSHAKE_TIMEOUT_MS);
  }

  /** Gives up: the observer hears nothing more. */
  cancel(): void {
    this.#end();
    this.#socket.destroy();
  }

  expire(): void {
    this.#fail('the handshake took too long');
  }

  #open(arrival: Arrival): TLSSocket {
    const { alpn, asksClients, naming, requiresClients } = this.#server;
    const options: TLSSocketOptions = {
      isServer: true,
      secureContext: this.#choice.context,
      requestCert: asksClients,
      rejectUnauthorized: requiresClients,
      ...(naming === 'callback' ? { SNICallback: this.#onServerName } : {}),
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    };
    const onread = readInto((length) => this.#connection?.received(READ_SOURCE, length));
    return tlsOfArrival(arrival, options, onread, (bytes) => this.#connection?.received(bytes, bytes.length));
  }

  readonly #onServerName = (serverName: string, done: (error: Error | null, context?: SecureContext) => void): void => {
    try {
      this.#choice = this.#server.choose(serverName.toLowerCase());
      done(null, this.#choice.context);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  };

  readonly #onError = (error: NodeJS.ErrnoException): void => this.#fail(error.code ?? error.message);

  readonly #onClose = (): void => {
    if (!this.#ended) this.#fail('the client went away');
  };

  readonly #onSecure = (): void => {
    const socket = this.#socket;
    this.#choice = this.#server.choose(serverNameOf(socket));
    const certificate = this.#server.asksClients ? verifiedCertificate(socket) : null;
    const refusal = this.#refusal(certificate);
    if (refusal !== '') {
      this.#fail(refusal);
      return;
    }
    this.#end();
    const { listener } = this.#choice;
    const session = describeSession(socket, { listener, isolated: this.#server.isolated, certificate });
    const outermost = beginTurn();
    const connection = new Connection(socket, NOBODY, session);
    if (this.#proxied !== null) connection.presentAs(this.#proxied);
    this.#connection = connection;
    connection.observe(this.#observer.established(connection, session));
    endTurn(outermost);
  };

  /** The handshake itself asks for a certificate; whether it leads to a known root is decided here. */
  #refusal(certificate: PeerCertificate | null): string {
    const { clientValidation, minVersion } = this.#choice;
    if (minVersion === '1.3' && this.#socket.getProtocol() !== 'TLSv1.3') return 'the listener speaks TLS 1.3 only';
    if (clientValidation === null || clientValidation.optional) return '';
    if (certificate === null) return `the client has no valid certificate${verificationFault(this.#socket)}`;
    // A session may be taken up again behind the end of the certificate that began it.
    return certificate.expiresAtMs < Date.now() ? "the client's certificate has expired" : '';
  }

  #fail(cause: string): void {
    if (this.#ended) return;
    this.#failure = cause;
    this.#end();
    this.#socket.destroy();
    const outermost = beginTurn();
    this.#observer.handshakeFailed(this.#failure);
    endTurn(outermost);
  }

  #end(): void {
    this.#ended = true;
    this.#clock.cancel(this.#timer);
    this.#socket.removeListener('close', this.#onClose);
    this.#socket.removeListener('end', this.#onClose);
    // Errors behind the handshake end the connection; there they are the connection's to report.
    this.#socket.removeListener('error', this.#onError);
    this.#socket.on('error', ignore);
    this.#socket.removeListener('_tlsError', this.#onError);
    this.#socket.on('_tlsError', destroyOnError);
  }
}

const ignore = (): void => {};

/** Node reports what fails behind the handshake of a socket that has no `tls.Server` here alone. */
function destroyOnError(this: TLSSocket, error: Error): void {
  this.destroy(error);
}

/** What a TLS socket keeps inside, as far as it is used here. */
interface TlsHandle {
  readonly _parent?: object;
  verifyError?(): Error | null;
  /** Takes what was read before. */
  receive?(bytes: Uint8Array): void;
}

/** @returns for example ` (CERT_HAS_EXPIRED)`; '' where there is nothing to say */
const verificationFault = (socket: TLSSocket): string => {
  const fault: NodeJS.ErrnoException | null | undefined = handleOf(socket)?.verifyError?.();
  return fault === null || fault === undefined ? '' : ` (${fault.code ?? fault.message})`;
};

const handleOf = (socket: TLSSocket): TlsHandle | null | undefined =>
  (socket as unknown as { _handle?: TlsHandle | null })._handle;

/** Null unless the certificate leads to a known root: of a session taken up again it may be that there is none at all. */
const verifiedCertificate = (socket: TLSSocket): PeerCertificate | null => {
  const handle = handleOf(socket);
  if (typeof handle?.verifyError !== 'function' || handle.verifyError() !== null) return null;
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? null : readPeerCertificate(certificate);
};

const serverNameOf = (socket: TLSSocket): string => {
  const serverName: unknown = (socket as { servername?: unknown }).servername;
  return typeof serverName === 'string' ? serverName.toLowerCase() : '';
};

/** @param rest what the handshake itself does not say */
const describeSession = (
  socket: TLSSocket,
  rest: Pick<TlsSession, 'listener' | 'isolated' | 'certificate'>,
): TlsSession => {
  return {
    serverName: serverNameOf(socket),
    alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '',
    version: socket.getProtocol() ?? '',
    ...rest,
  };
};

type WrapHandle = (this: TLSSocket, wrap: unknown, handle: unknown, active: boolean) => object;

/** Whether this Node's TLS handles take what was read before; learnt once, of one that is connected to nothing. */
let receives: boolean | undefined;

const canReceive = (): boolean => {
  if (receives !== undefined) return receives;
  const probe = new TLSSocket(new PassThrough());
  receives = typeof (probe as unknown as { _handle?: TlsHandle })._handle?.receive === 'function';
  probe.on('error', ignore);
  probe.destroy();
  return receives;
};

const wrapHandle = (TLSSocket.prototype as unknown as { _wrapHandle?: WrapHandle })._wrapHandle;

/**
 * A TLS socket over an accepted handle, without a plain socket in between. Node makes a TLS socket without a socket
 * where it connects, over a handle of its own, and only such a one reads with `onread`: so this is one, and is given the
 * accepted handle where it would make its own (docs/decisions/0002-socket-handles.md).
 */
class AcceptedTlsSocket extends TLSSocket {
  constructor(options: TLSSocketOptions & { readonly acceptedHandle: object; readonly onread: OnReadOpts }) {
    super(undefined as unknown as Socket, { ...options, allowHalfOpen: true } as TLSSocketOptions);
    (this as { connecting: boolean }).connecting = false;
  }

  _wrapHandle(wrap: unknown, handle: unknown, active: boolean): object {
    const { acceptedHandle } = (this as unknown as { _tlsOptions: { acceptedHandle: object } })._tlsOptions;
    return wrapHandle!.call(this, wrap, handle ?? acceptedHandle, active);
  }
}

const tlsOfArrival = (
  arrival: Arrival,
  options: TLSSocketOptions,
  onread: OnReadOpts,
  receive: (bytes: Buffer) => void,
): TLSSocket => {
  if (arrival.kind === 'socket') return tlsOfSocket(arrival.socket, options, receive);
  const takesHandles = fastPath.enabled && typeof wrapHandle === 'function' && wrapHandle.length === 3;
  if (arrival.kind === 'handle') {
    if (takesHandles) return tlsOfHandle(arrival.handle, options, onread);
    return tlsOfSocket(new Socket({ handle: arrival.handle, allowHalfOpen: true } as never), options, receive);
  }
  const plain = arrival.connection.detach();
  const handle = takesHandles ? takeHandle(plain) : null;
  if (handle === null) {
    plain.unshift(arrival.first); // a TLS socket takes what its socket has read
    return tlsOfSocket(plain, options, receive);
  }
  const socket = tlsOfHandle(handle, options, onread);
  process.nextTick(() => {
    if (!socket.destroyed) (socket as unknown as { _handle: TlsHandle })._handle.receive!(arrival.first);
  });
  return socket;
};

const tlsOfHandle = (acceptedHandle: object, options: TLSSocketOptions, onread: OnReadOpts): TLSSocket => {
  const socket = new AcceptedTlsSocket({ ...options, acceptedHandle, onread });
  socket.setNoDelay(true);
  return socket;
};

/** Takes a socket's handle away, so that the socket stands for nothing any more. @returns null where that cannot be done */
const takeHandle = (socket: Socket): object | null => {
  const holder = socket as unknown as { _handle: object | null };
  const { _handle: handle } = holder;
  if (handle === null || !canReceive() || socket.writableLength > 0 || socket.destroyed) return null;
  holder._handle = null;
  return handle;
};

/** The documented way. */
const tlsOfSocket = (plain: Socket, options: TLSSocketOptions, receive: (bytes: Buffer) => void): TLSSocket => {
  plain.setNoDelay(true);
  plain.on('error', ignore);
  const socket = new TLSSocket(plain, options);
  socket.on('data', receive);
  return socket;
};
