import type { Exchange, Filter } from '../../exchange/exchange.ts';
import { applyModifications, type CompiledModifications } from './modifications.ts';

/** Sets, adds and removes fields of the request, before it goes to the backend. */
export class RequestHeaderModifier implements Filter {
  readonly name = 'RequestHeaderModifier';
  readonly #modifications: CompiledModifications;

  constructor(modifications: CompiledModifications) {
    this.#modifications = modifications;
  }

  onRequest(exchange: Exchange): undefined {
    applyModifications(exchange.request.fields, this.#modifications);
  }
}
