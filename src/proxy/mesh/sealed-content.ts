import type { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import { sealedProblem } from '../exchange/sealed.ts';

/** Passes what is in a tunnel on where that is TLS, and else nothing of it. */
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
    if (this.#state === 'new' && chunk.length > 0) this.#judge(chunk);
    return this.#state === 'refused' || this.#sink.write(chunk);
  }

  end(trailers: Fields | null): void {
    if (this.#state !== 'refused') this.#sink.end(trailers);
  }

  abort(error: ProxyError): void {
    if (this.#state !== 'refused') this.#sink.abort(error);
  }

  #judge(chunk: Uint8Array): void {
    const problem = sealedProblem(chunk);
    this.#state = problem === null ? 'sealed' : 'refused';
    if (problem !== null) this.#refuse(problem);
  }
}
