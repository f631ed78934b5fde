import type { Fields } from '#http/fields.ts';

/** First octet of the frame that holds trailers: the topmost bit tells them from a message (gRPC-Web). */
const TRAILERS = 0x80;
const FRAME_HEAD_BYTES = 5;

/**
 * Trailers as the last frame of a gRPC-Web response's content: a browser's `fetch` shows none that come behind it.
 * @param trailers valid fields; null makes a frame that is empty
 * @see gRPC-Web, Protocol differences vs gRPC over HTTP2
 */
export function encodeWebTrailers(trailers: Fields | null): Buffer {
  let text = '';
  const entries = trailers?.entries ?? [];
  for (let i = 0; i < entries.length; i += 2) text += `${entries[i]!}: ${lineOf(entries[i + 1]!)}\r\n`;
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + text.length);
  frame[0] = TRAILERS;
  frame.writeUInt32BE(text.length, 1);
  frame.latin1Write(text, FRAME_HEAD_BYTES);
  return frame;
}

/** Whatever a value holds, it never begins a line of its own. */
const lineOf = (value: string): string => (/[\r\n\0]/.test(value) ? value.replace(/[\r\n\0]/g, ' ') : value);
