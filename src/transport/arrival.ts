import type { Socket } from 'node:net';

/**
 * A connection that the system has accepted and nobody has read from: Node's raw handle where it is to be had, else a
 * socket. Whoever opens it decides whether TLS is spoken.
 */
export type Arrival =
  | { readonly handle: object; readonly socket: null }
  | { readonly handle: null; readonly socket: Socket };
