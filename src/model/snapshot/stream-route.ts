import type { BackendRef, RouteAttachment } from './http-route.ts';

/** One `TCPRoute` or `TLSRoute`, compiled: connections whose bytes are passed on as they are. */
export interface StreamRouteResource {
  readonly type: 'stream-route';
  /** `<kind>/<namespace>/<name>`; several of one object have a `#` and what tells them apart behind it. */
  readonly name: string;
  readonly version: string;
  /** Milliseconds since 1970; 0 where undeclared. Older routes win ties. */
  readonly createdAtMs: number;
  /** Host names are those of the TLS server name indication; `*` for a `TCPRoute`. */
  readonly attachments: readonly RouteAttachment[];
  readonly backends: readonly BackendRef[];
}
