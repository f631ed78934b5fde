import type { ProxyError } from '#errors/proxy-error.ts';

/*
 * Why a stream is reset or a connection ends, as numbers on the wire.
 * @see RFC 9113 §7
 */
export const NO_ERROR = 0x0;
export const PROTOCOL_ERROR = 0x1;
export const INTERNAL_ERROR = 0x2;
export const FLOW_CONTROL_ERROR = 0x3;
export const STREAM_CLOSED = 0x5;
export const FRAME_SIZE_ERROR = 0x6;
export const REFUSED_STREAM = 0x7;
export const CANCEL = 0x8;
export const COMPRESSION_ERROR = 0x9;
export const ENHANCE_YOUR_CALM = 0xb;

const NAMES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

/** For the log. @returns the registered name, or the number of one that is not registered */
export function errorCodeName(code: number): string {
  return NAMES[code] ?? `error ${code}`;
}

/**
 * What the peer is told when this side gives a stream up.
 * @param untouched whether the peer has seen nothing of an answer, so that it may try again elsewhere (RFC 9113 §8.7)
 */
export function resetCodeOf(error: ProxyError, untouched: boolean): number {
  if (untouched && error.retry === 'always') return REFUSED_STREAM;
  switch (error.code) {
    case 'downstream_closed':
    case 'upstream_timeout':
    case 'stream_idle_timeout':
    case 'request_timeout':
    case 'draining':
      return CANCEL;
    case 'bad_request':
      return error.origin === 'downstream' ? CANCEL : INTERNAL_ERROR;
    default:
      return INTERNAL_ERROR;
  }
}
