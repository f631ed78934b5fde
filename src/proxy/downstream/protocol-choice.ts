import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import type { Clock } from '#transport/clock.ts';
import { NOBODY, type Connection, type ConnectionObserver } from '#transport/connection.ts';
import type { DownstreamLimits } from './limits.ts';
import type { Session } from './session.ts';

/** Begins every HTTP/2 connection, and no request of HTTP/1 (RFC 9113 §3.4). */
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** `P`; only PATCH, POST and PUT begin like the preface, and part with it in their second letter. */
const P = 0x50;

/** What becomes of a {@link ProtocolChoice}; exactly one of the two, once. */
export interface ProtocolChoiceOutcome {
  /** @returns who listens to the connection from here on; the first bytes come at once */
  chosen(version: 'http1' | 'http2'): ConnectionObserver;
  /** The connection went away before it said anything. */
  gone(): void;
}

/**
 * Waits for a connection's first bytes and tells HTTP/2 from HTTP/1 by them. What is neither is HTTP/1, whose decoder
 * answers 400.
 */
export class ProtocolChoice implements ConnectionObserver, Session, Expirable {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #outcome: ProtocolChoiceOutcome;
  readonly #timer = new WheelTimer(this);
  readonly #headTimeoutMs: number;
  /** Octets that came; as many of the preface. */
  #matched = 0;

  constructor(connection: Connection, clock: Clock, limits: DownstreamLimits, outcome: ProtocolChoiceOutcome) {
    this.#connection = connection;
    this.#clock = clock;
    this.#outcome = outcome;
    this.#headTimeoutMs = limits.headTimeoutMs;
    clock.schedule(this.#timer, clock.now() + limits.keepAliveIdleMs);
  }

  receive(buffer: Buffer, length: number): void {
    if (this.#matched === 0 && buffer[0] !== P) {
      this.#choose('http1', buffer, length);
      return;
    }
    // The rest must follow soon, as that of a head.
    if (this.#matched === 0) this.#clock.schedule(this.#timer, this.#clock.now() + this.#headTimeoutMs);
    let at = 0;
    while (at < length && this.#matched < PREFACE.length && buffer[at] === PREFACE.charCodeAt(this.#matched)) {
      at++;
      this.#matched++;
    }
    if (this.#matched === PREFACE.length) this.#decide('http2', at, buffer, length);
    else if (at < length) this.#decide('http1', at, buffer, length);
  }

  drained(): void {}

  halfClosed(): void {
    // Nothing was asked, or not enough to tell what: what came is no request.
    this.#connection.destroy();
  }

  closed(): void {
    this.#clock.cancel(this.#timer);
    this.#outcome.gone();
  }

  expire(): void {
    this.#connection.destroy();
  }

  drain(): void {
    this.#connection.destroy();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  /** @param at how many octets of `buffer` belong to the preface */
  #decide(version: 'http1' | 'http2', at: number, buffer: Buffer, length: number): void {
    const earlier = this.#matched - at;
    if (earlier === 0) {
      this.#choose(version, buffer, length);
      return;
    }
    // What came before was dropped, since it is known: it was the beginning of the preface.
    const whole = Buffer.concat([Buffer.from(PREFACE.slice(0, earlier), 'latin1'), buffer.subarray(0, length)]);
    this.#choose(version, whole, whole.length);
  }

  #choose(version: 'http1' | 'http2', buffer: Buffer, length: number): void {
    this.#clock.cancel(this.#timer);
    this.#connection.observe(NOBODY);
    const observer = this.#outcome.chosen(version);
    this.#connection.observe(observer);
    observer.receive(buffer, length);
  }
}
