import { hostOf } from '#http/authority.ts';
import type { Answer } from '../../exchange/answer.ts';
import { renderError } from '../../exchange/answer-renderer.ts';
import type { Authorizer, Exchange, Filter, Verdict } from '../../exchange/exchange.ts';
import type { MirrorGuard } from '../request-mirror.ts';
import type { Decision } from './decision.ts';
import { JudgedRequest } from './judged-request.ts';
import { judge } from './judgement.ts';
import type { PolicyLevel } from './policy-slot.ts';

/** One for all: nothing is judged while something is. */
const judged = new JudgedRequest();

/** Judges requests as they came, before any filter rewrote them: for policies of gateways, listeners and routes. */
export class Authorization implements Authorizer {
  readonly #levels: readonly PolicyLevel[];

  constructor(levels: readonly PolicyLevel[]) {
    this.#levels = levels;
  }

  authorize(exchange: Exchange): Verdict {
    judged.begin(exchange, exchange.host, exchange.routedPath, exchange.listener?.port ?? 0);
    return verdictOn(exchange, judge(this.#levels, judged));
  }
}

/** Stands in every rule: asks the policies of the listener that the request came by, then those of the rule. */
export class RuleAuthorization implements Filter {
  readonly name = 'Authorization';
  readonly #own: Authorization | null;

  /** @param own null where the rule is under no policy of its own */
  constructor(own: Authorization | null) {
    this.#own = own;
  }

  onRequest(exchange: Exchange): Verdict {
    const atListener = exchange.listener === null ? null : exchange.listener.authorization;
    if (atListener !== null) {
      const verdict = atListener.authorize(exchange);
      if (verdict !== undefined) return verdict;
    }
    return this.#own === null ? undefined : this.#own.authorize(exchange);
  }
}

/** Judges requests as a backend gets them, behind all rewrites: for policies of Services. */
export class BackendAuthorization implements Filter, MirrorGuard {
  readonly name = 'Authorization';
  readonly #levels: readonly PolicyLevel[];
  readonly #port: number;

  constructor(levels: readonly PolicyLevel[], cluster: string) {
    this.#levels = levels;
    this.#port = portOf(cluster);
  }

  onRequest(exchange: Exchange): Verdict {
    return verdictOn(exchange, this.#judge(exchange));
  }

  /** Of a copy nothing is recorded in the exchange, which goes its own way. */
  permits(exchange: Exchange): boolean {
    const decision = this.#judge(exchange);
    return decision === null || decision.error === null;
  }

  #judge(exchange: Exchange): Decision | null {
    const { authority, path } = exchange.request;
    judged.begin(exchange, hostOf(authority), path, this.#port);
    return judge(this.#levels, judged);
  }
}

/** As in `Service/shop/cart:80`, where perhaps a `#` and more stands behind. @returns 0 where it has none */
function portOf(cluster: string): number {
  return Number(/:(\d+)(?:#|$)/.exec(cluster)?.[1] ?? 0);
}

function verdictOn(exchange: Exchange, decision: Decision | null): Answer | undefined {
  if (decision === null) return undefined;
  const { error } = decision;
  // What would have been denied is worth more to a reader of the log than who allowed it.
  if (error !== null || exchange.authorization === null || exchange.authorization.result === 'allowed')
    exchange.authorization = decision;
  if (error === null) return undefined;
  exchange.error = error;
  return renderError(error, exchange);
}
