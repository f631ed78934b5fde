import type { ProxyError } from '#errors/proxy-error.ts';
import type { Fields } from '#http/fields.ts';
import type { RequestHead, ResponseHead } from '#http/head.ts';
import type { Http1Limits } from '../limits.ts';
import { RequestDecoder } from '../request-decoder.ts';
import { ResponseDecoder } from '../response-decoder.ts';

/* What a decoder made of some octets, for tests: everything it told, in a form to compare. */

export interface Message<Head> {
  readonly head: Head;
  body: string;
  trailers: Fields | null;
  complete: boolean;
  keepAlive: boolean;
}

export interface Transcript<Head> {
  readonly messages: Message<Head>[];
  readonly informational: Head[];
  failure: ProxyError | null;
  /** Octets that were not taken. */
  rest: string;
  /** Whether the connection could end here. */
  clean: boolean;
}

export type RequestTranscript = Transcript<RequestHead>;
export type ResponseTranscript = Transcript<ResponseHead>;

function createTranscript<Head>(): Transcript<Head> {
  return { messages: [], informational: [], failure: null, rest: '', clean: false };
}

function recorder<Head>(log: Transcript<Head>) {
  const last = () => log.messages[log.messages.length - 1]!;
  return {
    informational: (head: Head) => void log.informational.push(head),
    head: (head: Head) => void log.messages.push({ head, body: '', trailers: null, complete: false, keepAlive: false }),
    body: (chunk: Uint8Array) => void (last().body += Buffer.from(chunk).toString('latin1')),
    end(trailers: Fields | null) {
      last().trailers = trailers;
      last().complete = true;
    },
  };
}

/**
 * Decodes octets as a connection's whole input, all pipelined requests of it.
 * @param sizes of the reads in which they arrive; the last is repeated; all at once by default
 */
export function readRequests(
  wire: string | Buffer,
  sizes: readonly number[] = [],
  limits?: Http1Limits,
): RequestTranscript {
  const log = createTranscript<RequestHead>();
  const decoder = new RequestDecoder(recorder(log), limits);
  const step = (read: Buffer, start: number) => {
    const taken = decoder.decode(read, start, read.length);
    if (log.messages.length > 0) log.messages[log.messages.length - 1]!.keepAlive = decoder.keepAlive;
    const more = decoder.complete;
    decoder.next();
    return more || taken > 0 ? taken : -1;
  };
  log.rest = feed(wire, sizes, step, () => decoder.failure !== null);
  log.clean = decoder.finish();
  log.failure = decoder.failure;
  return log;
}

/** Decodes octets as the answer to one request, then the end of the connection. */
export function readResponses(
  wire: string | Buffer,
  options: { method?: string; upgrade?: boolean; sizes?: readonly number[]; limits?: Http1Limits } = {},
): ResponseTranscript {
  const log = createTranscript<ResponseHead>();
  const decoder = new ResponseDecoder(recorder(log), options.limits);
  decoder.expect(options.method ?? 'GET', options.upgrade ?? false);
  const step = (read: Buffer, start: number) => decoder.decode(read, start, read.length) || -1;
  log.rest = feed(wire, options.sizes ?? [], step, () => decoder.failure !== null);
  log.clean = decoder.finish();
  if (log.messages.length > 0) log.messages[0]!.keepAlive = decoder.keepAlive;
  log.failure = decoder.failure;
  return log;
}

/** Hands out reads in a buffer that is overwritten after each, as sockets do. @returns what was not taken */
function feed(
  wire: string | Buffer,
  sizes: readonly number[],
  step: (read: Buffer, start: number) => number,
  failed: () => boolean,
): string {
  const bytes = typeof wire === 'string' ? Buffer.from(wire, 'latin1') : wire;
  let at = 0;
  for (let turn = 0; at < bytes.length && !failed(); turn++) {
    const size = sizes[Math.min(turn, sizes.length - 1)] ?? bytes.length;
    const read = Buffer.from(bytes.subarray(at, at + Math.max(1, size)));
    let start = 0;
    while (start < read.length && !failed()) {
      const taken = step(read, start);
      if (taken === -1) return bytes.toString('latin1', at + start);
      start += taken;
    }
    read.fill(0x21);
    at += read.length;
  }
  return bytes.toString('latin1', Math.min(at, bytes.length));
}
