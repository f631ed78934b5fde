import type { Arrival } from '#transport/arrival.ts';
import type { SessionSet } from './session.ts';

/** How the connections of one acceptor begin: what is spoken first, and which session that leads to. */
export interface Admission {
  /** Takes a connection that was just accepted. Every session that it makes is in `sessions` while it lasts. */
  admit(arrival: Arrival, sessions: SessionSet): void;
}
