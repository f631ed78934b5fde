import type { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink, BodySource } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import { type ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { NO_ERROR, resetCodeOf } from './error-code.ts';
import type { ReceiveWindow } from './flow-control.ts';
import type { HeldBudget } from './held-budget.ts';
import { HeldContent } from './held-content.ts';
import type { Sender } from './sender.ts';
import { SendingStream } from './sending-stream.ts';
import type { Chained } from './stream-table.ts';

/** Told what happens on one stream. Nothing follows `failed`; nothing follows a complete message but `failed`. */
export interface StreamObserver {
  /** Client only: a 1xx; the final head is still to come. */
  informational(head: ResponseHead): void;
  /** Client only: the final head. @param complete whether nothing follows; `end` is then not called */
  head(head: ResponseHead, complete: boolean): void;
  /**
   * @param chunk valid for the call only: it lies in the buffer that is being read
   * @returns false when that is enough for now: nothing more comes until {@link Http2Stream.resume}
   */
  body(chunk: Uint8Array): boolean | void;
  /** The message is complete. @param trailers fields behind the content, or null */
  end(trailers: Fields | null): void;
  /** The peer has reset the stream or broken it, or the connection is gone. */
  failed(error: ProxyError): void;
  /** All that {@link Http2Stream.write} could not send has been sent; more may follow. */
  writable(): void;
}

/** What a stream asks of its connection. */
export interface StreamOwner {
  readonly isServer: boolean;
  readonly sender: Sender;
  /** Octets of content have been passed on or dropped, so that the connection's window opens by as much. */
  passed(octets: number): void;
  /** What paused streams may hold without closing the connection's window; null where they close it. */
  readonly heldBudget: HeldBudget | null;
  /** Both sides have ended the stream, or this one has reset it. */
  ended(stream: Http2Stream, reset: boolean): void;
}

/**
 * One stream: a request and its response.
 *
 * ```
 *  open ──END_STREAM received──► half-closed (remote) ──END_STREAM sent──┐
 *    │                                                                   ├─► closed
 *    ├────END_STREAM sent──────► half-closed (local) ──END_STREAM recvd──┤
 *    └────RST_STREAM, either way; the connection fails───────────────────┘
 * ```
 *
 * What was received may still wait here for a paused observer when the stream is closed.
 * @see RFC 9113 §5.1
 */
export class Http2Stream extends SendingStream implements BodySink, BodySource, Chained<Http2Stream> {
  chained: Http2Stream | null = null;
  /** Method of the request as it stands on the wire: CONNECT also where it asks for a protocol. */
  readonly method: string;
  /** Protocol that an extended CONNECT asks for, or ''. */
  readonly upgrade: string;
  observer: StreamObserver | null = null;
  remoteEnded = false;
  /** Client: whether the final head has come. Server: whether it has been sent. */
  responded = false;
  /** Octets of content that must still come, or {@link UNKNOWN_LENGTH}. */
  contentLeft: number = UNKNOWN_LENGTH;
  readonly window: ReceiveWindow;
  readonly #owner: StreamOwner;
  #paused = false;
  /** Nobody wants to hear of it any more. */
  #dropped = false;
  /** Nobody wants what is received, but the response goes on. */
  #discarding = false;
  #delivering = false;
  /** Content that has come while paused; the window bounds it. */
  #held: HeldContent | null = null;
  #heldTrailers: Fields | null = null;
  #endHeld = false;
  /** Octets that the observer took and answered with false: given back when it resumes. */
  #owed = 0;
  /** Octets of what is held or owed that the connection's window is open for again, at the expense of the budget. */
  #lent = 0;

  constructor(
    id: number,
    owner: StreamOwner,
    method: string,
    upgrade: string,
    sendWindow: number,
    window: ReceiveWindow,
  ) {
    super(id, sendWindow);
    this.#owner = owner;
    this.method = method;
    this.upgrade = upgrade;
    this.window = window;
  }

  // ── sending ──

  /** Server only: sends the final head. @param complete whether nothing follows; `end` is then not called */
  respond(head: ResponseHead, complete: boolean): void {
    if (this.closed || this.responded) return;
    this.responded = true;
    this.ending = complete;
    this.#owner.sender.response(this, head, this.method, complete);
  }

  /** Server only: sends a 1xx other than 101 (RFC 9113 §8.1). */
  inform(head: ResponseHead): void {
    if (this.closed || this.responded || head.status === 101) return;
    this.#owner.sender.response(this, head, this.method, false);
  }

  /** Takes all of the chunk. @returns false when some of it waits: stop until {@link StreamObserver.writable} */
  write(chunk: Uint8Array): boolean {
    if (this.closed || this.ending || chunk.length === 0) return this.pending === null;
    return this.#owner.sender.write(this, chunk);
  }

  end(trailers: Fields | null): void {
    if (this.closed || this.ending || (this.#owner.isServer && !this.responded)) return;
    this.ending = true;
    this.trailers = trailers;
    if (this.pending === null) this.#owner.sender.finish(this);
  }

  /** Gives the stream up: tells the peer, forgets what waits. The observer hears nothing more. */
  abort(error: ProxyError): void {
    this.reset(resetCodeOf(error, this.#owner.isServer && !this.responded));
  }

  /** As `abort`, with a code of RFC 9113 §7. */
  reset(code: number): void {
    if (!this.closed) {
      this.#owner.sender.reset(this.id, code);
      this.close(true);
    }
    this.drop();
  }

  override drained(): void {
    if (!this.#dropped) this.observer?.writable();
  }

  override endSent(): void {
    this.localEnded = true;
    if (this.remoteEnded) this.close(false);
    else if (this.#discarding) this.reset(NO_ERROR);
  }

  // ── receiving ──

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.pass(owed);
    if (!this.#delivering) this.#deliver();
  }

  /**
   * Server: nobody wants what is left of the request. It is dropped as it comes, and once the response has ended the
   * client is told to stop (RFC 9113 §8.1).
   */
  discard(): void {
    this.#discarding = true;
    this.#releaseHeld();
    if (this.localEnded && !this.remoteEnded) this.reset(NO_ERROR);
  }

  /** Content has come. */
  receiveContent(buffer: Buffer, start: number, end: number): void {
    if (this.#dropped || this.#discarding) this.pass(end - start);
    else if (this.#paused || this.#held !== null) {
      (this.#held ??= new HeldContent()).append(buffer, start, end);
      this.#lend(end - start);
    } else {
      this.#pass(buffer.subarray(start, end));
      if (this.#owed > 0) this.#lend(this.#owed);
    }
  }

  /** END_STREAM has come behind content or trailers. */
  receiveEnd(trailers: Fields | null): void {
    this.noteRemoteEnd();
    if (this.#dropped || this.#discarding) return;
    if (this.#paused || this.#held !== null) {
      this.#endHeld = true;
      this.#heldTrailers = trailers;
    } else this.observer!.end(trailers);
  }

  /** END_STREAM has come. */
  noteRemoteEnd(): void {
    this.remoteEnded = true;
    if (this.localEnded) this.close(false);
  }

  /** The peer or the connection has broken the stream off. */
  fail(error: ProxyError): void {
    this.closed = true;
    this.pending = null;
    // A response that is complete stays so, even where the rest of its request could not be sent.
    if (!this.#owner.isServer && this.remoteEnded) return;
    const dropped = this.#dropped;
    this.drop();
    if (!dropped) this.observer?.failed(error);
  }

  close(reset: boolean): void {
    if (this.closed) return;
    this.closed = true;
    this.pending = null;
    this.#owner.ended(this, reset);
  }

  /** Forgets what was received, and who listened. */
  drop(): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#releaseHeld();
  }

  #releaseHeld(): void {
    let octets = this.#owed;
    if (this.#held !== null) octets += this.#held.length;
    this.#held = null;
    this.#owed = 0;
    if (octets > 0) this.pass(octets);
  }

  /** Octets of this stream have been passed on: opens both windows again. */
  pass(octets: number): void {
    const lent = Math.min(octets, this.#lent);
    if (lent > 0) this.#settle(lent);
    if (octets > lent) this.#owner.passed(octets - lent);
    if (this.remoteEnded || this.closed) return;
    const increment = this.window.pass(octets);
    if (increment > 0) this.#owner.sender.windowUpdate(this.id, increment);
  }

  #pass(chunk: Buffer): void {
    const octets = chunk.length;
    if (this.observer!.body(chunk) === false && !this.#dropped && !this.#discarding) {
      this.#paused = true;
      this.#owed += octets;
    } else this.pass(octets);
  }

  /** Octets wait here, and none of the connection's other streams is to wait for them. */
  #lend(octets: number): void {
    if (this.#owner.heldBudget?.take(octets) !== true) return;
    this.#lent += octets;
    this.#owner.passed(octets);
  }

  #settle(octets: number): void {
    this.#lent -= octets;
    this.#owner.heldBudget?.release(octets);
  }

  /** Passes on what came while paused. */
  #deliver(): void {
    this.#delivering = true;
    while (this.#held !== null && !this.#paused) {
      const chunk = this.#held.shift();
      if (chunk === undefined) this.#held = null;
      else this.#pass(chunk);
    }
    this.#delivering = false;
    if (!this.#endHeld || this.#paused || this.#dropped || this.#discarding) return;
    this.#endHeld = false;
    this.observer!.end(this.#heldTrailers);
  }
}
