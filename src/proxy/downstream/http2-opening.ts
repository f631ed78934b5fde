import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import type { Http2Session } from './http2-session.ts';
import type { Session } from './session.ts';

/** What speaks HTTP/2 to clients. */
export type Http2SessionClass = typeof Http2Session;

let loaded: Http2SessionClass | null = null;

/** @returns null until the first client that speaks HTTP/2 was served: it takes 3 MB, and many gateways never see one */
export const loadedHttp2 = (): Http2SessionClass | null => loaded;

/** What becomes of an {@link Http2Opening}; exactly one of the two, once. */
export interface Http2OpeningOutcome {
  /** @returns who listens to the connection from here on; what came meanwhile comes at once */
  ready(Session: Http2SessionClass): ConnectionObserver;
  /** The connection went away before. */
  gone(): void;
}

/** A connection that speaks HTTP/2 before what serves it is loaded. It is not read meanwhile. */
export class Http2Opening implements ConnectionObserver, Session {
  readonly #connection: Connection;
  readonly #outcome: Http2OpeningOutcome;
  /** What had been read already. */
  readonly #kept: Buffer[] = [];
  #halfClosed = false;
  #closed = false;

  constructor(connection: Connection, outcome: Http2OpeningOutcome) {
    this.#connection = connection;
    this.#outcome = outcome;
    connection.pause();
    import('./http2-session.ts').then(
      (module) => this.#loaded(module.Http2Session),
      // The program's files have gone, or are another version's: other connections go on.
      (error: Error) => this.#failed(error),
    );
  }

  receive(buffer: Buffer, length: number): void {
    this.#kept.push(Buffer.from(buffer.subarray(0, length)));
  }

  drained(): void {}

  halfClosed(): void {
    this.#halfClosed = true;
  }

  closed(): void {
    this.#closed = true;
    this.#outcome.gone();
  }

  /** The session that follows is drained as soon as it is there, and tells the client which requests it did not take. */
  drain(): void {}

  destroy(): void {
    this.#connection.destroy();
  }

  #loaded(Session: Http2SessionClass): void {
    loaded = Session;
    if (this.#closed) return;
    const connection = this.#connection;
    const observer = this.#outcome.ready(Session);
    connection.observe(observer);
    for (const bytes of this.#kept) connection.received(bytes, bytes.length);
    if (this.#halfClosed) observer.halfClosed();
    connection.resume();
  }

  #failed(error: Error): void {
    process.emitWarning(`cannot load what speaks HTTP/2: ${error.message}`);
    this.destroy();
  }
}
