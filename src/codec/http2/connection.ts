import type { ProxyError } from '#errors/proxy-error.ts';
import { ERROR_TABLE } from '#errors/error-table.ts';
import { Fields } from '#http/fields.ts';
import { type RequestHead, ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { NO_ERROR, REFUSED_STREAM } from './error-code.ts';
import { CONNECTION_FAULTS, STREAM_FAULTS, type Fault } from './fault.ts';
import { section } from './field-section.ts';
import { ReceiveWindow } from './flow-control.ts';
import { FrameReader, type FrameObserver } from './frame/frame-reader.ts';
import {
  ACK,
  CONTINUATION,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  PADDED,
  PING,
  PRIORITY,
  PRIORITY_FLAG,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frame/frame-type.ts';
import { writeGoAway, writePing, writePreface, writeSettings, writeSettingsAck } from './frame/frame-writer.ts';
import { PartialBlock } from './frame/partial-block.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import type { HeldBudget } from './held-budget.ts';
import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from './limits.ts';
import { PeerConduct } from './peer-conduct.ts';
import { beyondGoAway, closedHere, peerReset, violation } from './peer-error.ts';
import { readRequestHead } from './request-head.ts';
import { readResponseHead } from './response-head.ts';
import { Sender } from './sender.ts';
import { DEFAULT_WINDOW_BYTES, ownSettings, PeerSettings, SETTING_BYTES } from './settings.ts';
import { Http2Stream, type StreamObserver, type StreamOwner } from './stream.ts';
import { RecentStreamIds } from './stream-ids.ts';
import { StreamTable } from './stream-table.ts';
import { checkTrailers, readTrailers } from './trailers.ts';

export type Http2Role = 'server' | 'client';

/** Told what happens on a connection. */
export interface Http2Observer {
  /**
   * Server only: a request has come.
   * @param complete whether it has no content; `end` is then not called
   * @returns who listens to the stream
   */
  opened(stream: Http2Stream, head: RequestHead, complete: boolean): StreamObserver;
  /**
   * There is output: take it at the end of the turn, not within this call. Called once, until
   * {@link Http2Connection.takeOutput} was called.
   */
  output(): void;
  /** The peer wants no more streams; those above `lastStreamId` fail and may be tried elsewhere. */
  goingAway(lastStreamId: number, code: number): void;
  /** The peer's settings are known now, or have changed. */
  settingsReceived(): void;
  /** A {@link Http2Connection.ping} was answered. */
  pinged(): void;
  /** Server only: a request was malformed or too large. It was reset or answered, and nobody was told of a stream. */
  refused(error: ProxyError): void;
  /** The connection is of no use any more; a GOAWAY is in the output. Take it, then close. */
  failed(error: ProxyError): void;
}

/** What {@link Http2Connection} may be told; each limit by itself. */
export interface Http2Options extends Http2Limits {
  /** Monotonic milliseconds; asked only when a peer has used up a burst. @defaultValue `performance.now` */
  readonly nowMs: () => number;
  /** Whether a server takes extended CONNECT (RFC 8441), which WebSockets need. @defaultValue true */
  readonly extendedConnect: boolean;
  /** What paused streams may hold beside the connection's window. @defaultValue none: what they hold closes it */
  readonly heldBudget: HeldBudget;
}

/** Streams that are opened before the peer has said how many it takes: what servers in use allow at least. */
const FIRST_CONCURRENT_STREAMS = 100;
const LAST_STREAM_ID = 0x7fffffff;
/** Of PINGs that this side sends: to tell whether the end of a drain or the caller is waiting. */
const DRAIN_PING = Buffer.from('selvagdr', 'latin1');
const CALLER_PING = Buffer.from('selvagpi', 'latin1');
const PING_BYTES = 8;

/**
 * One HTTP/2 connection, either side of it, without a socket: octets in, calls to observers; calls in, octets out.
 *
 * The output begins with the preface, so take it as soon as the connection is made. Errors of the peer are values:
 * what breaks one stream resets that stream, what breaks the connection makes it end with GOAWAY.
 * @see RFC 9113
 */
export class Http2Connection implements FrameObserver, StreamOwner {
  readonly isServer: boolean;
  readonly sender: Sender;
  readonly heldBudget: HeldBudget | null;
  readonly #observer: Http2Observer;
  readonly #limits: Http2Limits;
  readonly #extendedConnect: boolean;
  readonly #reader: FrameReader;
  readonly #decoder: HpackDecoder;
  readonly #streams = new StreamTable<Http2Stream>();
  readonly #peer = new PeerSettings();
  readonly #window: ReceiveWindow;
  /** Streams that this side has reset: frames that were under way then are no violation. */
  readonly #resetIds = new RecentStreamIds();
  readonly #endedIds = new RecentStreamIds();
  readonly #conduct: PeerConduct;
  readonly #block: PartialBlock;
  #nextStreamId = 1;
  /** The highest stream that the peer has opened. */
  #lastPeerStreamId = 0;
  #settingsSeen = false;
  #settingsAcknowledged = false;
  /** No stream is opened any more: the peer said GOAWAY, or {@link drain} was called. */
  #closing = false;
  #draining = false;
  /** Server: what the last GOAWAY of a drain has promised; streams above are ignored. */
  #lastServed: number = LAST_STREAM_ID;
  #peerLastStreamId: number = LAST_STREAM_ID;
  #ended = false;
  // Of the DATA frame that is being read:
  #dataStream: Http2Stream | null = null;
  #dataEnds = false;
  /** Content of it that no stream has taken. */
  #dataDropped = 0;

  constructor(role: Http2Role, observer: Http2Observer, options: Partial<Http2Options> = {}) {
    const limits: Http2Limits = { ...DEFAULT_HTTP2_LIMITS, ...options };
    this.isServer = role === 'server';
    this.#observer = observer;
    this.#limits = limits;
    this.heldBudget = options.heldBudget ?? null;
    this.#extendedConnect = options.extendedConnect ?? true;
    this.sender = new Sender(observer, limits);
    this.#reader = new FrameReader(this, this.isServer);
    this.#decoder = new HpackDecoder(limits.headerTableBytes);
    const windowBytes = Math.max(limits.connectionWindowBytes, DEFAULT_WINDOW_BYTES);
    this.#window = new ReceiveWindow(windowBytes, windowBytes);
    this.#conduct = new PeerConduct(limits, this.sender, options.nowMs ?? (() => performance.now()));
    this.#block = new PartialBlock(limits);
    this.#introduce();
  }

  // ── for whoever has the socket ──

  /** Takes all octets of `buffer[start, end)`; they may be overwritten when this returns. */
  receive(buffer: Buffer, start: number, end: number): void {
    this.#reader.read(buffer, start, end);
  }

  /**
   * What is to be sent, in one piece. Content that waits is added first, up to the limit of output; if more waits,
   * {@link Http2Observer.output} is called at once, so write this, and take again when the socket has room.
   * @returns null where there is nothing; else octets that stand only until any connection of this thread is called
   */
  takeOutput(): Buffer | null {
    return this.sender.take();
  }

  /** Whether the peer reads so little that its requests should not be read either, until output was taken. */
  get congested(): boolean {
    return this.sender.output.length > 2 * this.#limits.outputBytes;
  }

  /** The socket is gone: all streams fail. @param error what they are told */
  connectionLost(error: ProxyError): void {
    if (this.#ended) return;
    this.#end();
    this.#failAll(error);
    this.sender.output.take(); // gives the memory back
  }

  // ── for whoever makes requests, or ends the connection ──

  get openStreams(): number {
    return this.#streams.count;
  }

  get idle(): boolean {
    return this.#streams.count === 0;
  }

  /** How many requests may be made now. */
  get availableStreams(): number {
    if (this.#closing || this.#ended || this.#nextStreamId > LAST_STREAM_ID) return 0;
    const most = this.#settingsSeen ? this.#peer.maxConcurrentStreams : FIRST_CONCURRENT_STREAMS;
    return Math.max(0, most - this.#streams.count);
  }

  /** Whether the peer takes extended CONNECT, so that a request may have `upgrade`. */
  get upgradable(): boolean {
    return this.#peer.extendedConnect;
  }

  /** Whether no stream will be opened any more and none is open: flush, and close. */
  get drained(): boolean {
    return this.#ended || (this.#closing && this.#streams.count === 0 && this.#lastServed <= this.#lastPeerStreamId);
  }

  /**
   * Client only: makes a request.
   * @param complete whether it has no content; `end` is then not called
   * @returns null where none can be made now: see {@link availableStreams} and, of a head with `upgrade`,
   * {@link upgradable}
   */
  request(head: RequestHead, complete: boolean, observer: StreamObserver): Http2Stream | null {
    if (this.isServer || this.availableStreams < 1 || (head.upgrade !== '' && !this.upgradable)) return null;
    const method = head.upgrade === '' ? head.method : 'CONNECT';
    const stream = this.#createStream(this.#nextStreamId, method, head.upgrade);
    this.#nextStreamId += 2;
    stream.observer = observer;
    stream.ending = complete;
    this.sender.request(stream, head, complete);
    return stream;
  }

  /**
   * Begins an orderly end: what is open goes on. A server first says that it will go, and after a round trip which
   * stream was the last, so that no request is lost on the way (RFC 9113 §6.8).
   */
  drain(): void {
    if (this.#ended || this.#draining) return;
    this.#draining = true;
    this.#closing = true;
    if (this.isServer) {
      writeGoAway(this.sender.output, LAST_STREAM_ID, NO_ERROR);
      writePing(this.sender.output, 0, DRAIN_PING, 0);
    } else {
      this.#lastServed = 0;
      writeGoAway(this.sender.output, 0, NO_ERROR);
    }
    this.sender.signal();
  }

  /** Asks the peer for a sign of life; {@link Http2Observer.pinged} tells when it came. */
  ping(): void {
    if (this.#ended) return;
    writePing(this.sender.output, 0, CALLER_PING, 0);
    this.sender.signal();
  }

  /** Ends the connection at once: open streams fail, and a GOAWAY is the last output. @param code of RFC 9113 §7 */
  close(code: number): void {
    if (this.#ended) return;
    this.#end();
    this.#writeGoAway(code);
    this.#failAll(closedHere(code));
  }

  // ── StreamOwner ──

  passed(octets: number): void {
    const increment = this.#window.pass(octets);
    if (increment > 0 && !this.#ended) this.sender.windowUpdate(0, increment);
  }

  ended(stream: Http2Stream, reset: boolean): void {
    this.#streams.remove(stream);
    if (reset) this.#resetIds.note(stream.id);
    else {
      this.#endedIds.note(stream.id);
      this.#conduct.noteCompletion();
    }
  }

  // ── FrameObserver: DATA, RFC 9113 §6.1 ──

  dataBegins(flags: number, streamId: number, length: number): void {
    const fault = this.#checkData(streamId, length);
    if (fault !== null) return this.#fail(fault);
    const stream = this.#streams.get(streamId);
    this.#dataEnds = (flags & END_STREAM) !== 0;
    this.#dataDropped = 0;
    this.#dataStream = null;
    if (stream === null) this.#noteLateData(streamId);
    else if (stream.remoteEnded) this.#failStream(stream, STREAM_FAULTS.endedStream);
    else if (!stream.window.take(length)) this.#fail(CONNECTION_FAULTS.windowExceeded);
    else if (!this.isServer && !stream.responded) this.#failStream(stream, STREAM_FAULTS.contentBeforeHead);
    else this.#dataStream = stream;
    if (length === 0 && !this.#dataEnds) this.#judge(this.#conduct.noteOverhead());
    else this.#conduct.usefulFrames++;
  }

  #checkData(streamId: number, length: number): Fault | null {
    if (!this.#settingsSeen) return CONNECTION_FAULTS.firstFrame;
    if (this.#block.streamId !== 0) return CONNECTION_FAULTS.continuation;
    if (streamId === 0) return CONNECTION_FAULTS.streamZero;
    if (this.#isIdle(streamId)) return CONNECTION_FAULTS.idleStream;
    return this.#window.take(length) ? null : CONNECTION_FAULTS.windowExceeded;
  }

  /** On a stream that is closed: of one that this side has reset it was under way; else the peer had ended it. */
  #noteLateData(streamId: number): void {
    if (this.#resetIds.has(streamId) || !this.#endedIds.has(streamId)) return this.#judge(this.#conduct.noteOverhead());
    this.sender.reset(streamId, STREAM_FAULTS.endedStream.resetCode);
    this.#judge(this.#conduct.noteFault());
  }

  data(buffer: Buffer, start: number, end: number): void {
    const stream = this.#dataStream;
    const octets = end - start;
    if (stream === null || stream.closed) {
      this.#dataDropped += octets;
      return;
    }
    if (stream.contentLeft !== UNKNOWN_LENGTH) {
      stream.contentLeft -= octets;
      if (stream.contentLeft < 0) {
        this.#dataDropped += octets;
        this.#failStream(stream, STREAM_FAULTS.lengthDiffers);
        return;
      }
    }
    stream.receiveContent(buffer, start, end);
  }

  dataEnds(padding: number): void {
    const stream = this.#dataStream;
    this.#dataStream = null;
    if (this.#ended) return;
    if (this.#dataDropped > 0) this.passed(this.#dataDropped);
    if (padding > 0) {
      if (stream === null) this.passed(padding);
      else stream.pass(padding);
    }
    if (stream !== null && this.#dataEnds && !stream.closed) this.#endRemote(stream, null);
  }

  #endRemote(stream: Http2Stream, trailers: Fields | null): void {
    if (stream.contentLeft > 0) this.#failStream(stream, STREAM_FAULTS.lengthDiffers);
    else stream.receiveEnd(trailers);
  }

  // ── FrameObserver: all other frames ──

  malformed(fault: Fault): void {
    this.#fail(fault);
  }

  frame(type: number, flags: number, streamId: number, buffer: Buffer, start: number, end: number): void {
    if (!this.#settingsSeen && (type !== SETTINGS || (flags & ACK) !== 0)) {
      return this.#fail(CONNECTION_FAULTS.firstFrame);
    }
    if (this.#block.streamId !== 0 && type !== CONTINUATION) return this.#fail(CONNECTION_FAULTS.continuation);
    const fault = this.#dispatch(type, flags, streamId, buffer, start, end);
    if (fault !== null) this.#fail(fault);
  }

  #dispatch(type: number, flags: number, streamId: number, buffer: Buffer, start: number, end: number): Fault | null {
    switch (type) {
      case HEADERS:
        return this.#receiveHeaders(flags, streamId, buffer, start, end);
      case CONTINUATION:
        return this.#receiveContinuation(flags, streamId, buffer, start, end);
      case RST_STREAM:
        return this.#receiveReset(streamId, buffer, start, end);
      case WINDOW_UPDATE:
        return this.#receiveWindowUpdate(streamId, buffer, start, end);
      case SETTINGS:
        return this.#receiveSettings(flags, streamId, buffer, start, end);
      case PING:
        return this.#receivePing(flags, streamId, buffer, start, end);
      case GOAWAY:
        return this.#receiveGoAway(streamId, buffer, start, end);
      case PRIORITY:
        return this.#receivePriority(streamId, buffer, start, end);
      case PUSH_PROMISE:
        return CONNECTION_FAULTS.push;
      default:
        // Unknown types are ignored (RFC 9113 §5.5).
        this.#judge(this.#conduct.noteOverhead());
        return null;
    }
  }

  // ── heads, RFC 9113 §6.2, §6.10 ──

  #receiveHeaders(flags: number, streamId: number, buffer: Buffer, start: number, end: number): Fault | null {
    if (streamId === 0) return CONNECTION_FAULTS.streamZero;
    let from = start;
    let to = end;
    if ((flags & PADDED) !== 0) {
      if (from === to) return CONNECTION_FAULTS.frameSize;
      to -= buffer[from++]!;
      if (to < from) return CONNECTION_FAULTS.padding;
    }
    if ((flags & PRIORITY_FLAG) !== 0) {
      if (to - from < 5) return CONNECTION_FAULTS.frameSize;
      if ((readInt32(buffer, from) & LAST_STREAM_ID) === streamId) return CONNECTION_FAULTS.dependency;
      from += 5;
    }
    this.#conduct.usefulFrames++;
    const ends = (flags & END_STREAM) !== 0;
    if ((flags & END_HEADERS) !== 0) return this.#receiveBlock(streamId, ends, buffer, from, to);
    this.#block.begin(streamId, ends);
    return this.#block.append(buffer, from, to);
  }

  #receiveContinuation(flags: number, streamId: number, buffer: Buffer, start: number, end: number): Fault | null {
    const block = this.#block;
    if (block.streamId === 0 || streamId !== block.streamId) return CONNECTION_FAULTS.continuation;
    const fault = block.append(buffer, start, end);
    if (fault !== null || (flags & END_HEADERS) === 0) return fault;
    const whole = block.take();
    return this.#receiveBlock(streamId, block.ends, whole, 0, whole.length);
  }

  /** A block is whole. It is decoded in any case: what follows on the connection depends on it. */
  #receiveBlock(streamId: number, ends: boolean, buffer: Buffer, start: number, end: number): Fault | null {
    section.clear(this.#limits);
    if (!this.#decoder.decode(buffer, start, end, section)) return CONNECTION_FAULTS.compression;
    const stream = this.#streams.get(streamId);
    if (stream === null) return this.isServer ? this.#open(streamId, ends) : this.#receiveLateHead(streamId);
    if (stream.remoteEnded) this.#failStream(stream, STREAM_FAULTS.endedStream);
    else if (this.isServer || stream.responded) this.#receiveTrailers(stream, ends);
    else this.#receiveResponse(stream, ends);
    return null;
  }

  #receiveLateHead(streamId: number): Fault | null {
    if (this.#isIdle(streamId)) return CONNECTION_FAULTS.idleStream;
    return this.#endedIds.has(streamId) ? CONNECTION_FAULTS.closedStream : null;
  }

  #open(streamId: number, complete: boolean): Fault | null {
    if (streamId <= this.#lastPeerStreamId) {
      if (this.#resetIds.has(streamId)) return null;
      return this.#endedIds.has(streamId) ? CONNECTION_FAULTS.closedStream : CONNECTION_FAULTS.streamId;
    }
    if (streamId % 2 === 0) return CONNECTION_FAULTS.streamId;
    if (streamId > this.#lastServed) return null;
    if (this.sender.output.length > this.#limits.outputLimitBytes) return CONNECTION_FAULTS.output;
    this.#lastPeerStreamId = streamId;
    if (this.#streams.count >= this.#limits.concurrentStreams) {
      this.#refuseStream(streamId);
      return null;
    }
    const head = readRequestHead(complete, this.#limits, this.#extendedConnect);
    if (head === null) this.#refuse(streamId, section.fault!, complete);
    else this.#openRequest(streamId, head, complete);
    return null;
  }

  #openRequest(streamId: number, head: RequestHead, complete: boolean): void {
    const stream = this.#createStream(streamId, head.upgrade === '' ? head.method : 'CONNECT', head.upgrade);
    stream.remoteEnded = complete;
    // A tunnel's octets are not the content that the head speaks of.
    if (stream.method !== 'CONNECT') stream.contentLeft = head.bodyLength;
    stream.observer = this.#observer.opened(stream, head, complete);
  }

  /** Over the limit of streams. Before the peer has seen the limit that is nobody's fault. */
  #refuseStream(streamId: number): void {
    this.sender.reset(streamId, REFUSED_STREAM);
    this.#resetIds.note(streamId);
    if (this.#settingsAcknowledged) this.#judge(this.#conduct.noteFault());
    else this.#judge(this.#conduct.checkOutput());
  }

  /**
   * A request that cannot be passed on. Where HTTP has a status that says why, that is the answer: the client is not
   * broken, only immoderate. Else it is reset (RFC 9113 §8.1.1).
   */
  #refuse(streamId: number, fault: Fault, complete: boolean): void {
    if (fault.code === 'bad_request') {
      this.sender.reset(streamId, fault.resetCode);
      this.#resetIds.note(streamId);
      this.#judge(this.#conduct.noteFault());
    } else {
      const stream = this.#createStream(streamId, 'GET', '');
      stream.remoteEnded = complete;
      stream.respond(new ResponseHead(ERROR_TABLE[fault.code].status, new Fields(), 0), true);
      stream.reset(NO_ERROR);
      this.#judge(this.#conduct.noteOverhead());
    }
    if (!this.#ended) this.#observer.refused(violation(fault, this.isServer, 'stream'));
  }

  #receiveResponse(stream: Http2Stream, complete: boolean): void {
    const head = readResponseHead(stream.method, stream.upgrade, complete);
    if (head === null) return this.#failStream(stream, section.fault!);
    if (head.status < 200 && head.status !== 101) {
      stream.observer!.informational(head);
      return;
    }
    stream.responded = true;
    if (stream.method !== 'CONNECT' || head.status >= 300) stream.contentLeft = head.bodyLength;
    if (complete) stream.noteRemoteEnd();
    stream.observer!.head(head, complete);
  }

  #receiveTrailers(stream: Http2Stream, ends: boolean): void {
    const fault = checkTrailers(ends);
    if (fault !== null) this.#failStream(stream, fault);
    else this.#endRemote(stream, readTrailers());
  }

  // ── the other frames of streams ──

  /** @see RFC 9113 §6.4 */
  #receiveReset(streamId: number, buffer: Buffer, start: number, end: number): Fault | null {
    if (end - start !== 4) return CONNECTION_FAULTS.frameSize;
    if (streamId === 0) return CONNECTION_FAULTS.streamZero;
    if (this.#isIdle(streamId)) return CONNECTION_FAULTS.idleStream;
    const fault = this.#conduct.noteReset();
    if (fault !== null) return fault;
    const stream = this.#streams.get(streamId);
    if (stream === null) return null;
    this.#streams.remove(stream);
    this.#endedIds.note(streamId);
    stream.fail(peerReset(readInt32(buffer, start) >>> 0, this.isServer));
    return null;
  }

  /**
   * What is wrong with one of these ends the connection, also where it could end a stream alone: as stream errors they
   * would let a peer have its own requests reset at will (MadeYouReset).
   * @see RFC 9113 §6.9
   */
  #receiveWindowUpdate(streamId: number, buffer: Buffer, start: number, end: number): Fault | null {
    if (end - start !== 4) return CONNECTION_FAULTS.frameSize;
    const increment = readInt32(buffer, start) & LAST_STREAM_ID;
    if (increment === 0) return CONNECTION_FAULTS.windowZero;
    this.#judge(this.#conduct.noteOverhead());
    if (streamId === 0) return this.sender.open(increment) ? null : CONNECTION_FAULTS.windowOverflow;
    if (this.#isIdle(streamId)) return CONNECTION_FAULTS.idleStream;
    const stream = this.#streams.get(streamId);
    return stream === null || this.sender.openStream(stream, increment) ? null : CONNECTION_FAULTS.windowOverflow;
  }

  /** Read and ignored: RFC 9113 §5.3.2 has deprecated it. */
  #receivePriority(streamId: number, buffer: Buffer, start: number, end: number): Fault | null {
    if (streamId === 0) return CONNECTION_FAULTS.streamZero;
    if (end - start !== 5) return CONNECTION_FAULTS.frameSize;
    this.#judge(this.#conduct.noteOverhead());
    return (readInt32(buffer, start) & LAST_STREAM_ID) === streamId ? CONNECTION_FAULTS.dependency : null;
  }

  // ── frames of the connection ──

  /** @see RFC 9113 §6.5 */
  #receiveSettings(flags: number, streamId: number, buffer: Buffer, start: number, end: number): Fault | null {
    if (streamId !== 0) return CONNECTION_FAULTS.streamNotZero;
    if ((flags & ACK) !== 0) {
      this.#settingsAcknowledged = true;
      return end > start ? CONNECTION_FAULTS.settingsAck : null;
    }
    if ((end - start) % SETTING_BYTES !== 0) return CONNECTION_FAULTS.frameSize;
    const windowBytes = this.#peer.initialWindowBytes;
    const fault =
      this.#peer.apply(buffer, start, end) ?? this.#resizeWindows(this.#peer.initialWindowBytes - windowBytes);
    if (fault !== null) return fault;
    this.#settingsSeen = true;
    this.sender.allowTable(this.#peer.headerTableBytes);
    writeSettingsAck(this.sender.output);
    this.sender.signal();
    this.#judge(this.#conduct.noteAnswer());
    if (!this.#ended) this.#observer.settingsReceived();
    return null;
  }

  /** A changed initial window changes those of all open streams (RFC 9113 §6.9.2). */
  #resizeWindows(change: number): Fault | null {
    if (change === 0) return null;
    for (const stream of this.#streams.all()) {
      if (!this.sender.openStream(stream, change)) return CONNECTION_FAULTS.windowOverflow;
    }
    return null;
  }

  /** @see RFC 9113 §6.7 */
  #receivePing(flags: number, streamId: number, buffer: Buffer, start: number, end: number): Fault | null {
    if (streamId !== 0) return CONNECTION_FAULTS.streamNotZero;
    if (end - start !== PING_BYTES) return CONNECTION_FAULTS.frameSize;
    if ((flags & ACK) === 0) {
      writePing(this.sender.output, ACK, buffer, start);
      this.sender.signal();
      this.#judge(this.#conduct.noteAnswer());
    } else if (DRAIN_PING.equals(buffer.subarray(start, end))) this.#finishDrain();
    else if (CALLER_PING.equals(buffer.subarray(start, end))) this.#observer.pinged();
    return null;
  }

  #finishDrain(): void {
    if (!this.#draining || this.#lastServed !== LAST_STREAM_ID) return;
    this.#lastServed = this.#lastPeerStreamId;
    this.#writeGoAway(NO_ERROR);
  }

  /** @see RFC 9113 §6.8 */
  #receiveGoAway(streamId: number, buffer: Buffer, start: number, end: number): Fault | null {
    if (streamId !== 0) return CONNECTION_FAULTS.streamNotZero;
    if (end - start < 8) return CONNECTION_FAULTS.frameSize;
    const last = readInt32(buffer, start) & LAST_STREAM_ID;
    const code = readInt32(buffer, start + 4) >>> 0;
    if (last > this.#peerLastStreamId) return CONNECTION_FAULTS.goAway;
    this.#judge(this.#conduct.noteOverhead());
    this.#peerLastStreamId = last;
    if (!this.isServer) {
      this.#closing = true;
      this.#lastServed = 0;
      this.#failAbove(last, code);
    }
    if (!this.#ended) this.#observer.goingAway(last, code);
    return null;
  }

  /** The peer has not touched these and never will, so that they may be sent elsewhere (RFC 9113 §8.7). */
  #failAbove(lastStreamId: number, code: number): void {
    for (const stream of this.#streams.all()) {
      if (stream.id <= lastStreamId) continue;
      this.#streams.remove(stream);
      stream.fail(beyondGoAway(code));
    }
  }

  // ── steps ──

  #introduce(): void {
    const limits = this.#limits;
    if (!this.isServer) writePreface(this.sender.output);
    writeSettings(this.sender.output, ownSettings(limits, this.isServer, this.#extendedConnect));
    const increment = limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES;
    if (increment > 0) this.sender.windowUpdate(0, increment);
  }

  #createStream(id: number, method: string, upgrade: string): Http2Stream {
    const size = this.#limits.streamWindowBytes;
    // Until the peer has seen the setting, it may use the default.
    const open = this.#settingsAcknowledged ? size : Math.max(size, DEFAULT_WINDOW_BYTES);
    const window = new ReceiveWindow(size, open);
    const stream = new Http2Stream(id, this, method, upgrade, this.#peer.initialWindowBytes, window);
    this.#streams.add(stream);
    return stream;
  }

  /** Whether a stream was never opened, by whoever may open it (RFC 9113 §5.1). */
  #isIdle(streamId: number): boolean {
    const ours = streamId % 2 === (this.isServer ? 0 : 1);
    return streamId >= (ours ? (this.isServer ? 2 : this.#nextStreamId) : this.#lastPeerStreamId + 1);
  }

  #failStream(stream: Http2Stream, fault: Fault): void {
    this.sender.reset(stream.id, fault.resetCode);
    stream.close(true);
    stream.fail(violation(fault, this.isServer, 'stream'));
    this.#judge(this.#conduct.noteFault());
  }

  /** Ends the connection if there is a reason. */
  #judge(fault: Fault | null): void {
    if (fault !== null) this.#fail(fault);
  }

  #writeGoAway(code: number): void {
    writeGoAway(this.sender.output, Math.min(this.#lastPeerStreamId, this.#lastServed), code);
    this.sender.signal();
  }

  /** Nothing more is read. */
  #end(): void {
    this.#ended = true;
    this.#closing = true;
    this.#reader.stop();
    this.#block.clear();
  }

  #fail(fault: Fault): void {
    if (this.#ended) return;
    this.#end();
    this.#writeGoAway(fault.resetCode);
    const error = violation(fault, this.isServer, 'connection');
    this.#failAll(error);
    this.#observer.failed(error);
  }

  #failAll(error: ProxyError): void {
    for (const stream of this.#streams.all()) {
      this.#streams.remove(stream);
      stream.fail(error);
    }
  }
}

function readInt32(buffer: Uint8Array, at: number): number {
  return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
}
