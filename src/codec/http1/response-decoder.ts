import { ProxyError } from '#errors/proxy-error.ts';
import type { Fields } from '#http/fields.ts';
import { type ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { BodyDecoder } from './body-decoder.ts';
import { FAULTS, type Fault } from './fault.ts';
import { section } from './field-section.ts';
import { FAULTY, INCOMPLETE, reserveLines, scan, scanResponse } from './head-scanner.ts';
import { DEFAULT_HTTP1_LIMITS, type Http1Limits } from './limits.ts';
import { PartialHead } from './partial-head.ts';
import { keepAliveTimeoutMs, readResponseHead } from './response-head.ts';

/** Told what a {@link ResponseDecoder} reads: any number of informational heads, one head, body pieces, one end. */
export interface ResponseObserver {
  /** A 1xx other than 101: the final head is still to come (RFC 9110 §15.2). */
  informational(head: ResponseHead): void;
  /** The final head; or that of a 101, whose `upgrade` says to what the connection has switched. */
  head(head: ResponseHead): void;
  /** @param chunk valid for the call only: it lies in the buffer that is being decoded */
  body(chunk: Uint8Array): void;
  /** The message is complete. @param trailers fields behind the content, or null */
  end(trailers: Fields | null): void;
}

/*
 * ```
 *  IDLE ──expect()──► HEAD ─► BODY ─► COMPLETE ──expect()──► HEAD
 *                    │ ▲ │      │
 *                    └1xx┼──────┴──► FAILED
 *                        └─ 101, or 2xx to CONNECT ─► TUNNEL
 * ```
 */
const IDLE = 0;
const HEAD = 1;
const BODY = 2;
const COMPLETE = 3;
const TUNNEL = 4;
const FAILED = 5;

/**
 * Decodes the responses of one HTTP/1.1 connection, each after `expect` has said what it answers. Octets that answer
 * nothing are not taken: who finds some on an idle connection must close it, for they would answer the next request.
 * @see RFC 9112 §4, §6.3, §9.2
 */
export class ResponseDecoder {
  #state = IDLE;
  #method = '';
  #upgradeOffered = false;
  #keepAlive = false;
  #keepAliveTimeoutMs = -1;
  #failure: ProxyError | null = null;
  readonly #observer: ResponseObserver;
  readonly #limits: Http1Limits;
  readonly #partial: PartialHead;
  readonly #body: BodyDecoder;

  /** @param limits what a peer may make this decoder hold */
  constructor(observer: ResponseObserver, limits: Http1Limits = DEFAULT_HTTP1_LIMITS) {
    this.#observer = observer;
    this.#limits = limits;
    this.#partial = new PartialHead(limits.fieldBytes);
    this.#body = new BodyDecoder(limits, this.#partial);
    reserveLines(limits.fieldCount);
  }

  /** What the server did wrong, or null; final. Origin `upstream`, scope `connection`. */
  get failure(): ProxyError | null {
    return this.#failure;
  }

  /** Whether the expected response has ended. */
  get complete(): boolean {
    return this.#state === COMPLETE;
  }

  /** Whether the connection carries another protocol from here on; all further octets are the caller's. */
  get tunnel(): boolean {
    return this.#state === TUNNEL;
  }

  /** Whether the server lets the connection live on behind the last head's message (RFC 9112 §9.3). */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** How long the server keeps the connection when idle, by the last head's `Keep-Alive: timeout`; -1 if not said. */
  get keepAliveTimeoutMs(): number {
    return this.#keepAliveTimeoutMs;
  }

  /**
   * Says what the next response answers: that decides whether it has content (RFC 9112 §6.3). To be called when idle
   * or complete.
   * @param upgradeOffered whether the request offered to switch protocols, so that a 101 may come
   */
  expect(method: string, upgradeOffered: boolean): void {
    if (this.#state !== IDLE && this.#state !== COMPLETE) return;
    this.#state = HEAD;
    this.#method = method;
    this.#upgradeOffered = upgradeOffered;
  }

  /**
   * Eats octets of at most one response (and the informational ones before it).
   * @returns how many octets it took: all, but for the end of a response, a tunnel or a failure
   */
  decode(buffer: Buffer, start: number, end: number): number {
    let i = start;
    while (this.#state === HEAD && i < end) i = this.#decodeHead(buffer, i, end);
    if (this.#state === BODY) i = this.#decodeBody(buffer, i, end);
    return i - start;
  }

  /**
   * The server has closed its side: the end of content that only this ends, else a failure if a response was due.
   * @returns whether nothing is missing
   */
  finish(): boolean {
    if (this.#state === BODY && this.#body.untilClose) {
      this.#complete();
    } else if (this.#state === HEAD || this.#state === BODY) {
      this.#state = FAILED;
      this.#failure = new ProxyError('upstream_reset', 'upstream', 'connection', {
        retry: 'idempotent',
        cause: 'closed before the response was complete',
      });
    }
    return this.#state !== FAILED;
  }

  #fail(fault: Fault): void {
    this.#state = FAILED;
    this.#partial.clear();
    this.#failure = new ProxyError('upstream_protocol_error', 'upstream', 'connection', { cause: fault.cause });
  }

  #decodeHead(buffer: Buffer, start: number, end: number): number {
    if (this.#partial.length > 0) return this.#continueHead(buffer, start, end);
    const next = scanResponse(buffer, start, Math.min(end, start + this.#limits.fieldBytes), this.#limits);
    if (next >= 0) {
      this.#readHead(buffer, start, next);
      return next;
    }
    if (next === INCOMPLETE) return this.#continueHead(buffer, start, end);
    this.#fail(scan.fault!);
    return start;
  }

  #continueHead(buffer: Buffer, start: number, end: number): number {
    const partial = this.#partial;
    const next = start + partial.append(buffer, start, end);
    if (partial.fault !== null) this.#fail(partial.fault);
    else if (partial.whole) this.#readPartialHead();
    else if (partial.full || partial.takeScanDue()) this.#checkPartialHead();
    return next;
  }

  #readPartialHead(): void {
    const { bytes, length } = this.#partial;
    const next = scanResponse(bytes, 0, length, this.#limits);
    this.#partial.clear();
    if (next >= 0) this.#readHead(bytes, 0, next);
    else this.#fail(next === FAULTY ? scan.fault! : FAULTS.truncatedHead);
  }

  /** Looks for what is wrong before all is there; where the limit is reached, that at least. */
  #checkPartialHead(): void {
    const { bytes, length, full } = this.#partial;
    if (scanResponse(bytes, 0, length, this.#limits) === FAULTY) this.#fail(scan.fault!);
    else if (full) this.#fail(FAULTS.fieldBytes);
  }

  #readHead(buffer: Buffer, start: number, end: number): void {
    const head = readResponseHead(buffer.latin1Slice(start, end), start, this.#method, this.#limits);
    if (head === null) this.#fail(scan.fault!);
    else if (head.status === 101) this.#switchProtocol(head);
    else if (head.status < 200) this.#observer.informational(head);
    else this.#begin(head);
  }

  /** A 101 that nobody asked for, or that does not say to what, would turn the next answers into a blind tunnel. */
  #switchProtocol(head: ResponseHead): void {
    if (!this.#upgradeOffered || head.upgrade === '' || scan.version === 10) return this.#fail(FAULTS.unaskedSwitch);
    this.#state = TUNNEL;
    this.#keepAlive = false;
    this.#observer.head(head);
  }

  #begin(head: ResponseHead): void {
    const untilClose = head.bodyLength === UNKNOWN_LENGTH && !section.chunked;
    this.#keepAlive = !untilClose && !section.close && (scan.version === 11 || section.keepAlive);
    this.#keepAliveTimeoutMs = keepAliveTimeoutMs();
    this.#state = BODY;
    if (untilClose) this.#body.beginUntilClose();
    else if (head.bodyLength === UNKNOWN_LENGTH) this.#body.beginChunked();
    else this.#body.beginLength(head.bodyLength);
    if (this.#method === 'CONNECT' && head.status < 300) this.#state = TUNNEL;
    this.#observer.head(head);
  }

  #decodeBody(buffer: Buffer, start: number, end: number): number {
    const body = this.#body;
    const next = body.done ? start : body.decode(buffer, start, end, this.#observer);
    if (body.fault !== null) this.#fail(body.fault);
    else if (body.done) this.#complete();
    return next;
  }

  #complete(): void {
    this.#state = COMPLETE;
    this.#observer.end(this.#body.trailers);
  }
}
