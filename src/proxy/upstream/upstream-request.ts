import type { ProxyError } from '#errors/proxy-error.ts';
import type { Fields } from '#http/fields.ts';
import type { RequestHead, ResponseHead } from '#http/head.ts';
import type { Http1Client } from './http1-client.ts';

/**
 * One request that wants a connection, and then the response on it. A pool calls `ready` or `unavailable`, once; after
 * `ready` the client calls the rest, until the response is complete or has failed.
 */
export interface UpstreamRequest {
  readonly request: RequestHead;
  /** A connection is free: send on it, in this call. */
  ready(client: Http1Client): void;
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
