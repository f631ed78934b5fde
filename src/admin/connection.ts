import type { Socket } from 'node:net';
import { encodeResponseHead } from '#codec/http1/encoder.ts';
import { RequestDecoder, type RequestObserver } from '#codec/http1/request-decoder.ts';
import { ERROR_TABLE } from '#errors/error-table.ts';
import type { ProxyError } from '#errors/proxy-error.ts';
import { Fields } from '#http/fields.ts';
import { ResponseHead, type RequestHead } from '#http/head.ts';
import { problemAnswer, type AdminAnswer } from './answer.ts';

/** Small: nobody has much to tell this API. */
const LIMITS = Object.freeze({
  fieldBytes: 16 * 1024,
  fieldCount: 64,
  targetBytes: 2048,
  methodBytes: 32,
  chunkExtensionBytes: 1024,
});

/** Content is read up to this size, also where nobody wants it: else the answer is lost in a reset. */
const MAX_CONTENT_BYTES = 64 * 1024;

/** What a connection asks for, and what it may take. */
export interface AdminConnectionOptions {
  readonly answer: (request: RequestHead, content: Uint8Array) => AdminAnswer | Promise<AdminAnswer>;
  /** Told of what is a bug here; the caller is only told that there is one. */
  readonly report: (error: unknown) => void;
  /** Until the request is there. */
  readonly requestTimeoutMs: number;
  /** From then on, until the answer has left. */
  readonly answerTimeoutMs: number;
}

/**
 * Serves one request and closes: who asks here asks seldom, and a connection that lives on would be one more thing
 * that can be held open.
 *
 * ```
 *  READING ─request, fault or timeout─► ANSWERING ─written─► LINGERING ─peer closed or timeout─► destroyed
 * ```
 */
export class AdminConnection implements RequestObserver {
  readonly #socket: Socket;
  readonly #options: AdminConnectionOptions;
  readonly #decoder: RequestDecoder;
  #request: RequestHead | null = null;
  readonly #content: Uint8Array[] = [];
  #contentBytes = 0;
  #answered = false;
  #timer: NodeJS.Timeout;

  constructor(socket: Socket, options: AdminConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#decoder = new RequestDecoder(this, LIMITS);
    this.#timer = setTimeout(() => this.#refuse(408, 'Request timeout'), options.requestTimeoutMs);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#answered || this.#decoder.complete || socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => clearTimeout(this.#timer));
  }

  head(head: RequestHead): void {
    this.#request = head;
    if (head.expectsContinue) this.#refuse(417, 'Expectation failed');
  }

  body(chunk: Uint8Array): void {
    this.#contentBytes += chunk.length;
    if (this.#contentBytes > MAX_CONTENT_BYTES) this.#refuse(413, 'Content too large');
    // Lent until the next read.
    else this.#content.push(Uint8Array.from(chunk));
  }

  end(): void {
    if (this.#answered) return;
    const request = this.#request!;
    Promise.try(this.#options.answer, request, Buffer.concat(this.#content))
      .catch((error: unknown) => {
        this.#options.report(error);
        return problemAnswer(500, 'Internal error', 'The answer could not be made; the log of the process says why');
      })
      .then((answer) => this.#send(answer))
      .catch(this.#options.report);
  }

  #read(chunk: Buffer): void {
    if (this.#answered) return; // lingering: what still comes is let go
    this.#decoder.decode(chunk, 0, chunk.length);
    const { failure } = this.#decoder;
    if (failure !== null) this.#refuseFailure(failure);
  }

  #refuseFailure({ code }: ProxyError): void {
    const { status, title, detail } = ERROR_TABLE[code];
    this.#send(problemAnswer(status, title, detail));
  }

  #refuse(status: number, title: string): void {
    this.#send(problemAnswer(status, title, 'The request was not read to its end'));
  }

  #send(answer: AdminAnswer): void {
    if (this.#answered || this.#socket.destroyed) return;
    this.#answered = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.destroy(), this.#options.answerTimeoutMs);
    const body = Buffer.from(answer.body);
    const head = encodeResponseHead(headOf(answer, body.length), {
      close: true,
      requestVersion: this.#request?.version ?? 11,
      requestMethod: this.#request?.method ?? 'GET',
    });
    const isHead = this.#request?.method === 'HEAD';
    this.#socket.end(isHead ? Buffer.from(head, 'latin1') : Buffer.concat([Buffer.from(head, 'latin1'), body]));
  }
}

const headOf = (answer: AdminAnswer, bodyLength: number): ResponseHead => {
  const fields = new Fields(['content-type', answer.contentType, 'cache-control', 'no-store']);
  fields.append('x-content-type-options', 'nosniff');
  for (let i = 0; i < (answer.fields?.length ?? 0); i += 2) fields.append(answer.fields![i]!, answer.fields![i + 1]!);
  return new ResponseHead(answer.status, fields, bodyLength);
};
