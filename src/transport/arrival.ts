import type { Socket } from 'node:net';
import type { Connection } from './connection.ts';

/**
 * A connection that somebody is to open, who thereby decides whether TLS is spoken on it. Mostly it was just accepted,
 * as Node's raw handle where that is to be had, else as a socket. Or its beginning was looked at, and `first` holds what
 * came and was not used up.
 */
export type Arrival =
  | { readonly kind: 'handle'; readonly handle: object }
  | { readonly kind: 'socket'; readonly socket: Socket }
  | { readonly kind: 'begun'; readonly connection: Connection; readonly first: Buffer };
