import type { ProxyError } from '#errors/proxy-error.ts';
import type { Fields } from '#http/fields.ts';
import type { RequestHead, ResponseHead } from '#http/head.ts';
import { Http2Connection, type Http2Observer, type Http2Options, type Http2Role } from '../connection.ts';
import { GOAWAY, PREFACE, RST_STREAM } from '../frame/frame-type.ts';
import type { Http2Stream, StreamObserver } from '../stream.ts';
import { type Frame, framesOf, settings } from './frames.ts';

/** What one stream told. */
export class StreamRecording implements StreamObserver {
  readonly request: RequestHead | null;
  stream: Http2Stream | null = null;
  readonly informationals: ResponseHead[] = [];
  response: ResponseHead | null = null;
  content = '';
  trailers: Fields | null = null;
  complete = false;
  failure: ProxyError | null = null;
  writables = 0;
  /** Answer of `body`. */
  wantsMore = true;
  onBody: (() => void) | null = null;
  onEnd: (() => void) | null = null;
  onWritable: (() => void) | null = null;

  constructor(request: RequestHead | null = null, complete = false) {
    this.request = request;
    this.complete = complete && request !== null;
  }

  informational(head: ResponseHead): void {
    this.informationals.push(head);
  }

  head(head: ResponseHead, complete: boolean): void {
    this.response = head;
    this.complete = complete;
  }

  body(chunk: Uint8Array): boolean {
    this.#assertOpen();
    this.content += Buffer.from(chunk).toString('latin1');
    this.onBody?.();
    return this.wantsMore;
  }

  end(trailers: Fields | null): void {
    this.#assertOpen();
    this.trailers = trailers;
    this.complete = true;
    this.onEnd?.();
  }

  failed(error: ProxyError): void {
    if (this.failure !== null) throw new Error('told of two failures');
    this.failure = error;
  }

  writable(): void {
    this.writables++;
    this.onWritable?.();
  }

  #assertOpen(): void {
    if (this.complete) throw new Error('told of something behind the end');
    if (this.failure !== null) throw new Error('told of something behind a failure');
  }
}

/** A connection under test, with everything that it told and said. */
export class Recording implements Http2Observer {
  readonly connection: Http2Connection;
  readonly streams: StreamRecording[] = [];
  /** Frames that it has sent, as far as they were taken. */
  readonly sent: Frame[] = [];
  readonly goAways: { lastStreamId: number; code: number }[] = [];
  readonly refusals: ProxyError[] = [];
  failure: ProxyError | null = null;
  settingsCount = 0;
  pings = 0;
  outputs = 0;
  onOpened: ((recording: StreamRecording) => void) | null = null;

  constructor(role: Http2Role, options: Partial<Http2Options> = {}) {
    this.connection = new Http2Connection(role, this, options);
  }

  opened(stream: Http2Stream, head: RequestHead, complete: boolean): StreamObserver {
    const recording = new StreamRecording(head, complete);
    recording.stream = stream;
    this.streams.push(recording);
    this.onOpened?.(recording);
    return recording;
  }

  output(): void {
    this.outputs++;
  }

  goingAway(lastStreamId: number, code: number): void {
    this.goAways.push({ lastStreamId, code });
  }

  settingsReceived(): void {
    this.settingsCount++;
  }

  pinged(): void {
    this.pings++;
  }

  refused(error: ProxyError): void {
    this.refusals.push(error);
  }

  failed(error: ProxyError): void {
    if (this.failure !== null) throw new Error('told of two failures');
    this.failure = error;
  }

  request(head: RequestHead, complete = true): StreamRecording {
    const recording = new StreamRecording();
    recording.stream = this.connection.request(head, complete, recording);
    this.streams.push(recording);
    return recording;
  }

  /** Feeds octets in a buffer that is overwritten afterwards, as sockets do. @param sizes of the reads; all at once */
  receive(octets: Buffer | readonly Buffer[], sizes: readonly number[] = []): void {
    const all = Buffer.isBuffer(octets) ? octets : Buffer.concat(octets);
    for (let at = 0, turn = 0; at < all.length; turn++) {
      const size = Math.max(1, sizes[Math.min(turn, sizes.length - 1)] ?? all.length);
      const read = Buffer.from(all.subarray(at, at + size));
      this.connection.receive(read, 0, read.length);
      read.fill(0x21);
      at += read.length;
    }
  }

  /** Takes all output. @returns its frames; also those of before are in {@link sent} */
  take(): Frame[] {
    const frames = framesOf(withoutPreface(this.takeOctets()));
    this.sent.push(...frames);
    return frames;
  }

  takeOctets(): Buffer {
    const taken: Buffer[] = [];
    for (let output = this.connection.takeOutput(); output !== null; output = this.connection.takeOutput()) {
      taken.push(Buffer.from(output));
    }
    return Buffer.concat(taken);
  }

  /** Takes all output. @returns codes of the resets in it, by stream */
  resets(): Record<number, number> {
    const resets = this.take().filter(({ type }) => type === RST_STREAM);
    return Object.fromEntries(resets.map(({ streamId, payload }) => [streamId, payload.readUInt32BE(0)]));
  }

  /** Code of the GOAWAY that was sent last, or null. */
  goAwayCode(): number | null {
    this.take();
    const last = this.sent.findLast(({ type }) => type === GOAWAY);
    return last === undefined ? null : last.payload.readUInt32BE(4);
  }
}

function withoutPreface(octets: Buffer): Buffer {
  return octets.subarray(0, PREFACE.length).equals(PREFACE) ? octets.subarray(PREFACE.length) : octets;
}

/** A server whose client has introduced itself. */
export function createServer(options: Partial<Http2Options> = {}, ...clientSettings: number[]): Recording {
  const server = new Recording('server', options);
  server.receive([PREFACE, settings(...clientSettings)]);
  server.take();
  return server;
}

/** A client whose server has introduced itself. */
export function createClient(options: Partial<Http2Options> = {}, ...serverSettings: number[]): Recording {
  const client = new Recording('client', options);
  client.receive(settings(...serverSettings));
  client.take();
  return client;
}
