import type { ResponseHead } from '#http/head.ts';
import type { Exchange, Filter } from '../../exchange/exchange.ts';
import { applyModifications, type CompiledModifications } from './modifications.ts';

/** Sets, adds and removes fields of the response, whoever answered: the backend or this proxy. */
export class ResponseHeaderModifier implements Filter {
  readonly name = 'ResponseHeaderModifier';
  readonly #modifications: CompiledModifications;

  constructor(modifications: CompiledModifications) {
    this.#modifications = modifications;
  }

  onResponse(_exchange: Exchange, response: ResponseHead): void {
    applyModifications(response.fields, this.#modifications);
  }
}
