import { Acceptor } from '../downstream/acceptor.ts';
import type { Admission } from '../downstream/admission.ts';

/** An address that is spoken to without TLS. */
export interface PlainListener {
  /** IP address, or '' for all of the machine. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Of the application: what is declared for it says who may ask. */
  readonly target: number;
  /**
   * How long what is open may go on when callers without an identity are served no more, in milliseconds.
   * @defaultValue 120000
   */
  readonly closeMs?: number;
}

/** A plain listener that is open. */
export interface OpenPlainListener {
  /** The bound port. */
  readonly port: number;
  /**
   * Accepts nothing new from this call on, ends idle connections, and finishes what is open.
   * @returns when the last connection has gone
   */
  close(): Promise<void>;
}

/** Requests under way end soon; a byte stream may never, and is ended after so long. */
const CLOSE_MS = 120_000;

/** Accepts peers outside of the mesh, for one port of the application. */
export class PlainAcceptor implements OpenPlainListener {
  /** Of the application. */
  readonly target: number;
  readonly #acceptor: Acceptor;
  readonly #closeMs: number;
  readonly #gone: (acceptor: PlainAcceptor) => void;
  #closed: Promise<void> | null = null;

  /** @param gone told when it was closed and its last connection has ended */
  constructor(listener: PlainListener, admission: Admission, gone: (acceptor: PlainAcceptor) => void) {
    const { address, port, target, closeMs = CLOSE_MS } = listener;
    this.target = target;
    this.#closeMs = closeMs;
    this.#acceptor = new Acceptor({ address, port, shared: false, admission });
    this.#gone = gone;
  }

  get port(): number {
    return this.#acceptor.port;
  }

  get sessionCount(): number {
    return this.#acceptor.sessionCount;
  }

  /** @throws {BindError} (rejects) where the system refuses */
  open(): Promise<void> {
    return this.#acceptor.open();
  }

  drain(): Promise<void> {
    return this.#acceptor.drain();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  destroy(): void {
    this.#acceptor.destroy();
  }

  /** Its port serves callers with an identity alone from here on: what is open ends, at the latest after a while. */
  restrict(): void {
    const open = this.#acceptor.sessions;
    if (open.length > 0) setTimeout(() => open.forEach((session) => session.destroy()), this.#closeMs).unref();
  }

  async #close(): Promise<void> {
    this.restrict();
    await this.#acceptor.drain();
    this.#gone(this);
  }
}
