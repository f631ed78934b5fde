import { Fields } from '#http/fields.ts';
import { END_HEADERS, END_STREAM, FRAME_HEAD_BYTES, HEADERS, SETTINGS } from '../frame/frame-type.ts';
import { writeFrameHead } from '../frame/frame-writer.ts';
import { Output } from '../frame/output.ts';
import { HpackEncoder } from '../hpack/encoder.ts';
import { ruleOf } from '../hpack/name-rule.ts';

/* Frames as octets, for peers that tests script. */

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** One frame, however wrong. @param payload octets, or text as latin1 */
export function frame(type: number, flags: number, streamId: number, payload: Buffer | string = ''): Buffer {
  const content = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  writeFrameHead(head, 0, content.length, type, flags, streamId);
  return Buffer.concat([head, content]);
}

/** Cuts octets that hold whole frames alone. */
export function framesOf(octets: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < octets.length;) {
    const length = octets.readUIntBE(at, 3);
    const start = at + FRAME_HEAD_BYTES;
    const streamId = octets.readUInt32BE(at + 5);
    frames.push({
      type: octets[at + 3]!,
      flags: octets[at + 4]!,
      streamId,
      payload: octets.subarray(start, start + length),
    });
    at = start + length;
  }
  return frames;
}

export function int32(...values: number[]): Buffer {
  const octets = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => octets.writeUInt32BE(value >>> 0, i * 4));
  return octets;
}

/** @param settings id, value, id, value, … */
export function settings(...values: number[]): Buffer {
  const octets = Buffer.alloc((values.length / 2) * 6);
  for (let i = 0; i < values.length; i += 2) {
    octets.writeUInt16BE(values[i]!, i * 3);
    octets.writeUInt32BE(values[i + 1]!, i * 3 + 2);
  }
  return frame(SETTINGS, 0, 0, octets);
}

/** Encodes field lines exactly as given, valid or not. */
export class Blocks {
  readonly #output = new Output();
  readonly #hpack = new HpackEncoder(this.#output);

  /** @param lines name, value, name, value, … */
  encode(lines: readonly string[]): Buffer {
    this.#hpack.begin();
    for (let i = 0; i < lines.length; i += 2) this.#hpack.field(ruleOf(lines[i]!), lines[i]!, lines[i + 1]!);
    return Buffer.from(this.#output.take());
  }

  headers(streamId: number, lines: readonly string[], flags: number = END_HEADERS | END_STREAM): Buffer {
    return frame(HEADERS, flags, streamId, this.encode(lines));
  }
}

/** Fields of a small GET. */
export const GET: readonly string[] = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'a.example'];
/** Fields of a small POST. */
export const POST: readonly string[] = [':method', 'POST', ':scheme', 'http', ':path', '/', ':authority', 'a.example'];

export const fields = (...entries: string[]): Fields => new Fields(entries, true);
