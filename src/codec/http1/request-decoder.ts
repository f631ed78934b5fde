import { ProxyError } from '#errors/proxy-error.ts';
import type { Fields } from '#http/fields.ts';
import { type RequestHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { BodyDecoder } from './body-decoder.ts';
import { FAULTS, type Fault } from './fault.ts';
import { section } from './field-section.ts';
import { FAULTY, INCOMPLETE, reserveLines, scan, scanRequest } from './head-scanner.ts';
import { DEFAULT_HTTP1_LIMITS, type Http1Limits } from './limits.ts';
import { PartialHead } from './partial-head.ts';
import { readRequestHead } from './request-head.ts';

/** Told what a {@link RequestDecoder} reads, in this order: one head, any number of body pieces, one end. */
export interface RequestObserver {
  /** The whole head is there and valid. */
  head(head: RequestHead): void;
  /** @param chunk valid for the call only: it lies in the buffer that is being decoded */
  body(chunk: Uint8Array): void;
  /** The message is complete. @param trailers fields behind the content, or null */
  end(trailers: Fields | null): void;
}

/*
 * ```
 *  HEAD ─► BODY ─► COMPLETE ──next()──► HEAD
 *    └──────┴────► FAILED
 * ```
 */
const HEAD = 0;
const BODY = 1;
const COMPLETE = 2;
const FAILED = 3;

const LF = 0x0a;
const CR = 0x0d;

/** How much of the empty line that may precede a request has come (RFC 9112 §2.2). */
const NO_LINE = 0;
const LINE_CR = 1;
const LINE_DONE = 2;

/**
 * Decodes the requests of one HTTP/1.1 connection, one at a time. It does no I/O and guesses nothing: what two
 * recipients could read in two ways is a failure of the connection, because that is what request smuggling is made of.
 * @see RFC 9112 §2.2, §3, §6, §11.2
 */
export class RequestDecoder {
  #state = HEAD;
  #emptyLine = NO_LINE;
  #keepAlive = false;
  #failure: ProxyError | null = null;
  readonly #observer: RequestObserver;
  readonly #limits: Http1Limits;
  readonly #partial: PartialHead;
  readonly #body: BodyDecoder;

  /** @param limits what a peer may make this decoder hold */
  constructor(observer: RequestObserver, limits: Http1Limits = DEFAULT_HTTP1_LIMITS) {
    this.#observer = observer;
    this.#limits = limits;
    this.#partial = new PartialHead(limits.fieldBytes);
    this.#body = new BodyDecoder(limits, this.#partial);
    reserveLines(limits.fieldCount);
  }

  /** What the peer did wrong, or null; final: answer, then close. Origin `downstream`, scope `connection`. */
  get failure(): ProxyError | null {
    return this.#failure;
  }

  /** Whether a message has ended and `next` was not called since. */
  get complete(): boolean {
    return this.#state === COMPLETE;
  }

  /** Whether no octet of a message has come since the last (an empty line in front of one is none of it). */
  get idle(): boolean {
    return this.#state === HEAD && this.#partial.length === 0;
  }

  /** Whether the client lets the connection live on behind the last head's message (RFC 9112 §9.3). */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /**
   * Eats octets of at most one message and stops behind its end until {@link next}, so that what the client pipelined
   * (or tunnels, after CONNECT or an upgrade) stays with the caller.
   * @returns how many octets it took: all, but for the end of a message or a failure
   */
  decode(buffer: Buffer, start: number, end: number): number {
    let i = start;
    if (this.#state === HEAD) i = this.#decodeHead(buffer, start, end);
    if (this.#state === BODY) i = this.#decodeBody(buffer, i, end);
    return i - start;
  }

  /** Makes ready for the next message of the connection. Does nothing unless {@link complete}. */
  next(): void {
    if (this.#state !== COMPLETE) return;
    this.#state = HEAD;
    this.#emptyLine = NO_LINE;
  }

  /**
   * The client has closed its side.
   * @returns whether it did so between two messages; if not, {@link failure} is set
   */
  finish(): boolean {
    if (this.idle || this.#state === COMPLETE) return true;
    if (this.#state !== FAILED) {
      this.#state = FAILED;
      this.#failure = new ProxyError('downstream_closed', 'downstream', 'connection', {
        cause: 'closed within a request',
      });
    }
    return false;
  }

  #fail(fault: Fault): void {
    this.#state = FAILED;
    this.#partial.clear();
    this.#failure = new ProxyError(fault.code, 'downstream', 'connection', { cause: fault.cause });
  }

  #decodeHead(buffer: Buffer, start: number, end: number): number {
    if (this.#partial.length > 0) return this.#continueHead(buffer, start, end);
    const first = this.#skipEmptyLine(buffer, start, end);
    if (first === end || this.#state === FAILED) return first;
    const next = scanRequest(buffer, first, Math.min(end, first + this.#limits.fieldBytes), this.#limits);
    if (next >= 0) {
      this.#readHead(buffer, first, next);
      return next;
    }
    if (next === INCOMPLETE) return this.#continueHead(buffer, first, end);
    this.#fail(scan.fault!);
    return first;
  }

  /** One empty line is let pass: some clients send one behind a POST (RFC 9112 §2.2). */
  #skipEmptyLine(buffer: Buffer, start: number, end: number): number {
    let i = start;
    if (this.#emptyLine === NO_LINE && i < end && buffer[i] === CR) {
      this.#emptyLine = LINE_CR;
      i++;
    }
    if (this.#emptyLine === LINE_CR && i < end) {
      if (buffer[i] === LF) i++;
      else this.#fail(FAULTS.lineEnd);
      this.#emptyLine = LINE_DONE;
    }
    return i;
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
    const next = scanRequest(bytes, 0, length, this.#limits);
    this.#partial.clear();
    if (next >= 0) this.#readHead(bytes, 0, next);
    else this.#fail(next === FAULTY ? scan.fault! : FAULTS.truncatedHead);
  }

  /** Looks for what is wrong before all is there; where the limit is reached, that at least. */
  #checkPartialHead(): void {
    const { bytes, length, full } = this.#partial;
    if (scanRequest(bytes, 0, length, this.#limits) === FAULTY) this.#fail(scan.fault!);
    else if (full) this.#fail(FAULTS.fieldBytes);
  }

  /** Second pass: from here on the octets of `[start, end)` are one valid head, as far as grammar goes. */
  #readHead(buffer: Buffer, start: number, end: number): void {
    const head = readRequestHead(buffer.latin1Slice(start, end), start, this.#limits);
    if (head === null) this.#fail(scan.fault!);
    else this.#begin(head);
  }

  #begin(head: RequestHead): void {
    this.#keepAlive = section.close ? false : head.version === 11 || section.keepAlive;
    this.#state = BODY;
    if (head.bodyLength === UNKNOWN_LENGTH) this.#body.beginChunked();
    else this.#body.beginLength(head.bodyLength);
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
