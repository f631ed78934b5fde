import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import type { Clock } from '#transport/clock.ts';
import { NOBODY, type Connection, type ConnectionObserver } from '#transport/connection.ts';
import type { Session, SessionSet } from './session.ts';

/** For the first octets of a connection that tell where it goes (conventions: detection takes at most 10 s). */
const OPENING_TIMEOUT_MS = 10_000;

/** What the first octets of a connection were looked at for. */
export interface OpeningReader {
  /**
   * Called with all that came so far, as long as that does not suffice.
   * @returns how many octets must have come before it is worth asking again; 0 where this was enough, and whoever takes
   * the connection has been told
   */
  read(bytes: Buffer): number;
  /** The connection cannot be used, and has been closed. @param cause '' where nothing was wrong but this proxy's stop */
  failed(cause: string): void;
}

/** A connection whose first octets are gathered, within bounds of size and time, until somebody knows what to do. */
export class Opening implements ConnectionObserver, Session, Expirable {
  readonly #connection: Connection;
  readonly #sessions: SessionSet;
  readonly #clock: Clock;
  readonly #reader: OpeningReader;
  readonly #limitBytes: number;
  readonly #timer = new WheelTimer(this);
  #bytes: Buffer = Buffer.alloc(0);
  #needed = 1;
  #ended = false;

  /** @param limitBytes what may be gathered at most */
  constructor(connection: Connection, sessions: SessionSet, clock: Clock, limitBytes: number, reader: OpeningReader) {
    this.#connection = connection;
    this.#sessions = sessions;
    this.#clock = clock;
    this.#limitBytes = limitBytes;
    this.#reader = reader;
    sessions.add(this);
    clock.schedule(this.#timer, clock.now() + OPENING_TIMEOUT_MS);
  }

  receive(buffer: Buffer, length: number): void {
    if (this.#ended) return;
    this.#bytes = Buffer.concat([this.#bytes, buffer.subarray(0, length)]);
    if (this.#bytes.length < this.#needed) return;
    this.#needed = this.#reader.read(this.#bytes);
    if (this.#needed === 0) this.#end();
    else if (this.#bytes.length >= this.#limitBytes) this.fail('what tells where the connection goes is too long');
  }

  drained(): void {}

  halfClosed(): void {
    this.fail('the client went away');
  }

  closed(): void {
    this.fail('the client went away');
  }

  expire(): void {
    this.fail('what tells where the connection goes took too long');
  }

  drain(): void {
    this.fail('');
  }

  destroy(): void {
    this.fail('');
  }

  /** Closes the connection. */
  fail(cause: string): void {
    if (this.#ended) return;
    this.#end();
    this.#connection.observe(NOBODY);
    this.#connection.destroy();
    this.#reader.failed(cause);
  }

  #end(): void {
    this.#ended = true;
    this.#clock.cancel(this.#timer);
    this.#sessions.delete(this);
  }
}
