import type { ProxyError } from '#errors/proxy-error.ts';
import type { MeshHop } from '#telemetry/exchange-record.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import type { ProxiedAddresses } from '#codec/proxy-protocol/addresses.ts';

/*
 * The contract between the two halves of a connection that is passed on as it is: what an exchange is to a request.
 */

/** Who wants a connection to a backend. After `connected` or `failed` there is nothing more. */
export interface StreamObserver {
  /** Told of each attempt. @param endpoint `address:port` @param hop between whom it is in the mesh; null outside */
  attempted(endpoint: string, hop: MeshHop | null): void;
  /** @returns who listens to the backend's connection; it is to call {@link StreamLease.ended} when that has closed */
  connected(connection: StreamConnection, lease: StreamLease): ConnectionObserver;
  /** There is no connection, and there will be none. */
  failed(error: ProxyError): void;
}

/** What a stream needs of a backend's connection, which may be a stream on a shared one. */
export type StreamConnection = Pick<Connection, 'congested' | 'writeBytes' | 'end' | 'destroy' | 'pause' | 'resume'>;

/** A backend's connection, as its cluster counts it. */
export interface StreamLease {
  /** The connection has closed. Once. */
  ended(): void;
}

/** A connection to a backend that is under way. */
export interface PendingStream {
  /** Gives up; nothing more is heard. */
  cancel(): void;
}

/** Makes connections to a backend's endpoints. */
export interface StreamCluster {
  /** @param client who is told of where the backend wants the PROXY protocol */
  openStream(observer: StreamObserver, client: ProxiedAddresses): PendingStream;
}
