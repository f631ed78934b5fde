import type { ErrorCode } from '#errors/error-table.ts';

/** What is wrong with a peer's bytes. Of a response only the cause counts: its code is always the same. */
export interface Fault {
  /** Code of the answer where the bytes are a request. */
  readonly code: ErrorCode;
  /** For the access log; says what was found, not what was in it: the bytes are the attacker's. */
  readonly cause: string;
}

const fault = (cause: string, code: ErrorCode = 'bad_request'): Fault => Object.freeze({ code, cause });

/** Every violation that the HTTP/1.1 decoders tell apart. */
export const FAULTS = Object.freeze({
  // Lines, RFC 9112 §2.2.
  lineEnd: fault('CR without LF, or LF without CR'),
  truncatedHead: fault('head ends within a line'),

  // Request line and status line, RFC 9112 §3 and §4.
  method: fault('method is not a token followed by one space'),
  methodLength: fault('method longer than the limit'),
  target: fault('request target empty, not ASCII or not followed by one space'),
  targetForm: fault('request target is of no form that its method allows'),
  targetAuthority: fault('authority of the request target is not host[:port]'),
  targetLength: fault('request target longer than the limit', 'target_too_long'),
  versionSyntax: fault('protocol version is malformed'),
  version: fault('protocol version is neither HTTP/1.0 nor HTTP/1.1', 'version_not_supported'),
  status: fault('status line is malformed'),

  // Field lines, RFC 9112 §5.
  fieldName: fault('field line does not begin with a name and a colon'),
  fieldValue: fault('field value holds a control character'),
  fieldFold: fault('field line begins with white space (obsolete folding)'),
  fieldBytes: fault('head larger than the limit', 'fields_too_large'),
  fieldCount: fault('more field lines than the limit', 'fields_too_large'),
  connection: fault('Connection is not a list of tokens'),
  nominated: fault('Connection names a field that is not for one connection alone'),
  nominations: fault('Connection names more fields than the limit', 'fields_too_large'),
  expectation: fault('expectation other than 100-continue', 'expectation_failed'),

  // Host, RFC 9112 §3.2.
  hostMissing: fault('no Host field'),
  hostRepeated: fault('several Host fields'),
  hostSyntax: fault('Host is not host[:port]'),

  // Framing, RFC 9112 §6.
  lengthSyntax: fault('Content-Length is not a plain decimal number'),
  lengthRepeated: fault('several Content-Length values'),
  lengthRange: fault('Content-Length above 2^53-1', 'content_too_large'),
  lengthAndCoding: fault('both Content-Length and Transfer-Encoding'),
  coding: fault('Transfer-Encoding does not end with chunked once'),
  codingUnsupported: fault('transfer coding other than chunked', 'coding_not_supported'),
  codingVersion: fault('Transfer-Encoding in HTTP/1.0'),
  contentForbidden: fault('framing of content where there can be none'),

  // Chunks and trailers, RFC 9112 §7.1.
  chunkSize: fault('chunk size is not 1 to 13 hexadecimal digits'),
  chunkLine: fault('chunk size line does not end with CR LF'),
  chunkExtension: fault('chunk extension is malformed'),
  chunkExtensionBytes: fault('chunk extensions larger than the limit'),
  chunkEnd: fault('chunk content is not followed by CR LF'),
  trailerBytes: fault('trailer section larger than the limit', 'fields_too_large'),
  trailerField: fault('trailer section holds a field that frames or routes a message'),

  // Responses.
  unaskedSwitch: fault('101 without a matching offer to upgrade'),
});
