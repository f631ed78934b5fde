import type { ErrorCode } from '#errors/error-table.ts';
import {
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  PROTOCOL_ERROR,
  STREAM_CLOSED,
} from './error-code.ts';

/** What is wrong with a peer's octets. Of a response only cause and reset code count: its error code is always the same. */
export interface Fault {
  /** What the peer is told on the wire. */
  readonly resetCode: number;
  /** Code of the answer where the octets are a request. */
  readonly code: ErrorCode;
  /** For the access log; says what was found, not what was in it: the octets are the attacker's. */
  readonly cause: string;
}

const fault = (cause: string, resetCode: number = PROTOCOL_ERROR, code: ErrorCode = 'bad_request'): Fault =>
  Object.freeze({ resetCode, code, cause });

/** Violations that end one stream. @see RFC 9113 §5.4.2, §8.1.1 */
export const STREAM_FAULTS = Object.freeze({
  // Fields, RFC 9113 §8.2.
  field: fault('field name or value holds octets that it must not'),
  connectionField: fault('field that belongs to an HTTP/1.1 connection'),
  te: fault('te is not trailers'),
  fieldBytes: fault('header section larger than the limit', PROTOCOL_ERROR, 'fields_too_large'),
  fieldCount: fault('more field lines than the limit', PROTOCOL_ERROR, 'fields_too_large'),
  expectation: fault('expectation other than 100-continue', PROTOCOL_ERROR, 'expectation_failed'),

  // Pseudo-header fields, RFC 9113 §8.3.
  pseudoOrder: fault('pseudo-header field behind a field'),
  pseudoRepeated: fault('pseudo-header field twice'),
  pseudoMisplaced: fault('pseudo-header field where it must not be'),
  pseudoMissing: fault('pseudo-header field missing'),
  method: fault('method is not a token'),
  scheme: fault('scheme is neither http nor https'),
  path: fault('path is of no form that the method allows'),
  pathLength: fault('path longer than the limit', PROTOCOL_ERROR, 'target_too_long'),
  authority: fault('authority is not host[:port]'),
  authorityMissing: fault('neither :authority nor host'),
  authorityDiffers: fault(':authority and host differ'),
  hostRepeated: fault('several host fields'),
  status: fault('status is not three digits'),
  switchingProtocols: fault('101 in HTTP/2'),

  // Framing, RFC 9113 §8.1.
  lengthSyntax: fault('content-length is not a plain decimal number'),
  lengthRepeated: fault('several content-length values'),
  lengthRange: fault('content-length above 2^53-1', PROTOCOL_ERROR, 'content_too_large'),
  lengthDiffers: fault('content-length differs from the content'),
  trailersOpen: fault('field section behind the head without END_STREAM'),
  trailerField: fault('trailer section holds a field that frames or routes a message'),
  informationalEnd: fault('informational response with END_STREAM'),
  contentBeforeHead: fault('content before the response head'),
  protocolUnexpected: fault(':protocol without CONNECT, or where it was not offered'),
  endedStream: fault('frame on a stream that its sender had ended', STREAM_CLOSED),
});

/** Violations that end the connection. @see RFC 9113 §5.4.1 */
export const CONNECTION_FAULTS = Object.freeze({
  preface: fault('connection preface is malformed'),
  firstFrame: fault('first frame is not SETTINGS'),
  frameSize: fault('frame larger than allowed, or too small for its type', FRAME_SIZE_ERROR),
  padding: fault('padding longer than its frame'),
  streamZero: fault('frame of a stream on stream 0'),
  streamNotZero: fault('frame of the connection on a stream'),
  idleStream: fault('frame on a stream that was never opened'),
  closedStream: fault('frame on a closed stream', STREAM_CLOSED),
  streamId: fault('stream identifier not greater than all before, or of the wrong side'),
  continuation: fault('header block interrupted, or continued without a beginning'),
  push: fault('PUSH_PROMISE, which was not enabled'),
  dependency: fault('stream depends on itself'),
  settingsAck: fault('SETTINGS with ACK and content', FRAME_SIZE_ERROR),
  settingsValue: fault('setting out of its range'),
  settingsWindow: fault('initial window above 2^31-1', FLOW_CONTROL_ERROR),
  windowZero: fault('WINDOW_UPDATE of 0'),
  windowOverflow: fault('window above 2^31-1', FLOW_CONTROL_ERROR),
  windowExceeded: fault('more content than the window allows', FLOW_CONTROL_ERROR),
  goAway: fault('GOAWAY with a greater last stream than before'),
  compression: fault('header block that cannot be decoded', COMPRESSION_ERROR),
  blockBytes: fault('header block larger than the limit', ENHANCE_YOUR_CALM, 'fields_too_large'),
  continuations: fault('more CONTINUATION frames than the limit', ENHANCE_YOUR_CALM),
  resets: fault('more resets than the limit', ENHANCE_YOUR_CALM),
  faults: fault('more stream errors than the limit', ENHANCE_YOUR_CALM),
  overhead: fault('more frames without use than the limit', ENHANCE_YOUR_CALM),
  queuedControlFrames: fault('answers are not read', ENHANCE_YOUR_CALM),
  output: fault('responses are not read', ENHANCE_YOUR_CALM),
});
