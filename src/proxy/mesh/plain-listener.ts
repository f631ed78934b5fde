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
  readonly #acceptor: Acceptor;
  readonly #gone: (acceptor: PlainAcceptor) => void;
  #closed: Promise<void> | null = null;

  /** @param gone told when it was closed and its last connection has ended */
  constructor({ address, port }: PlainListener, admission: Admission, gone: (acceptor: PlainAcceptor) => void) {
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

  async #close(): Promise<void> {
    const timer = setTimeout(() => this.#acceptor.destroy(), CLOSE_MS);
    timer.unref();
    await this.#acceptor.drain();
    clearTimeout(timer);
    this.#gone(this);
  }
}
