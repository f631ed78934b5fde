import type { ProxiedAddresses } from '#codec/proxy-protocol/addresses.ts';
import type { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import type { RequestHead, ResponseHead } from '#http/head.ts';

/**
 * One request that wants a connection, and then the response on it. A pool calls `ready` or `unavailable`, once; after
 * `ready` the client calls the rest, until the response is complete or has failed.
 */
export interface UpstreamRequest {
  readonly request: RequestHead;
  /** Both ends of the client's connection, for endpoints that want to be told; none where there is no client. */
  readonly client?: ProxiedAddresses;
  /** A connection is free: send on it, in this call. */
  ready(lease: UpstreamLease): void;
  /** There will be no connection. */
  unavailable(error: ProxyError): void;
  /** The request's content may flow again. */
  writable(): void;
  /** An interim response came. */
  inform(head: ResponseHead): void;
  /** The final head came. @param complete whether no content follows */
  respond(head: ResponseHead, complete: boolean): void;
  /** @returns false when the response's content must stop until the client is resumed */
  write(chunk: Uint8Array): boolean;
  end(trailers: Fields | null): void;
  /** The response will not come, or not completely. */
  fail(error: ProxyError): void;
}

/** A place on an upstream connection for one request, whatever the connection's protocol. */
export interface UpstreamLease {
  /** Sends the request's head; its content goes to {@link content} then. Once. */
  send(owner: UpstreamRequest): void;
  readonly content: BodySink;
  /** Whether the server takes no more of the request's content now. */
  readonly congested: boolean;
  /** Stops the response's content until {@link resume}. */
  pause(): void;
  resume(): void;
  /** Gives the request up; its owner hears nothing more. */
  abandon(): void;
}

/** The connections to one endpoint. */
export interface UpstreamPool {
  /** Calls `ready` on the request, now or when there is a place for it; or `unavailable`. */
  acquire(request: UpstreamRequest): void;
  /** Takes back a request that still waits. */
  withdraw(request: UpstreamRequest): void;
  /** Closes what is idle. */
  closeIdle(): void;
  /** Closes what is idle, and the rest as its requests end. */
  close(): void;
  /** Closes everything at once; what is under way fails. */
  destroy(): void;
}
