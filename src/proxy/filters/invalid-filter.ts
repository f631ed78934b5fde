import { ProxyError } from '#errors/proxy-error.ts';
import type { Answer } from '../exchange/answer.ts';
import { renderError } from '../exchange/answer-renderer.ts';
import type { Exchange, Filter } from '../exchange/exchange.ts';

/** Stands where a filter should be that cannot be built: whatever it was to enforce, no request passes without it. */
export class InvalidFilter implements Filter {
  readonly name = 'Invalid';
  readonly #error: ProxyError;

  /** @param reason for the log */
  constructor(reason: string) {
    this.#error = new ProxyError('filter_invalid', 'local', 'stream', { cause: reason });
  }

  onRequest(exchange: Exchange): Answer {
    exchange.error = this.#error;
    return renderError(this.#error, exchange);
  }
}
