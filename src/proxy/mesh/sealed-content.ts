import { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';

/** What begins every connection over TLS: a record of type handshake (RFC 8446 §5.1). No text begins so. */
const HANDSHAKE = 22;

/**
 * Passes a byte stream on that is TLS, and none of another: where TLS is declared, nothing leaves in the clear because a
 * client speaks plain HTTP within its tunnel.
 */
export class SealedContent implements BodySink {
  readonly #sink: BodySink;
  readonly #refuse: (error: ProxyError) => void;
  #state: 'new' | 'sealed' | 'refused' = 'new';

  /** @param refuse ends the exchange; nothing has been passed on */
  constructor(sink: BodySink, refuse: (error: ProxyError) => void) {
    this.#sink = sink;
    this.#refuse = refuse;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#state === 'new' && chunk.length > 0) this.#judge(chunk[0]!);
    return this.#state === 'refused' || this.#sink.write(chunk);
  }

  end(trailers: Fields | null): void {
    if (this.#state !== 'refused') this.#sink.end(trailers);
  }

  abort(error: ProxyError): void {
    if (this.#state !== 'refused') this.#sink.abort(error);
  }

  #judge(first: number): void {
    this.#state = first === HANDSHAKE ? 'sealed' : 'refused';
    if (this.#state === 'sealed') return;
    const cause = 'the port takes TLS alone, and the tunnel began with something else';
    this.#refuse(new ProxyError('bad_request', 'downstream', 'stream', { cause }));
  }
}
