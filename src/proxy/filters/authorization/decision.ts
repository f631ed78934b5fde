import { ProxyError } from '#errors/proxy-error.ts';

export type DecisionResult = 'allowed' | 'denied' | 'would-deny' | 'broken';

/** Counts decisions of one kind. */
export interface DecisionCounter {
  add(): void;
}

/** Gives the counter of `selvage_authorization_total` with these labels. */
export type DecisionCounters = (policy: string, action: string, result: DecisionResult) => DecisionCounter;

/** What a policy decided over a request, and by which rule. Made once for each rule, never for a request. */
export class Decision {
  /** `AuthorizationPolicy/<namespace>/<name>`. */
  readonly policy: string;
  readonly result: DecisionResult;
  /** For the access log: `denied AuthorizationPolicy/shop/staff rule-0`. */
  readonly text: string;
  /** What the request is refused with; null where it goes on. */
  readonly error: ProxyError | null;
  readonly counter: DecisionCounter;

  /** @param rule its name, or what decided where none did @param cause for the log, where the policy is broken */
  constructor(policy: string, result: DecisionResult, rule: string, counter: DecisionCounter, cause = '') {
    this.policy = policy;
    this.result = result;
    this.text = `${result} ${policy} ${rule}`;
    this.error = errorOf(policy, result, cause);
    this.counter = counter;
  }
}

/** The answer names the policy, so that an operator can be asked about it, but nothing of what it says. */
function errorOf(policy: string, result: DecisionResult, cause: string): ProxyError | null {
  switch (result) {
    case 'denied':
      return new ProxyError('access_denied', 'local', 'stream', { policy });
    case 'broken':
      return new ProxyError('policy_invalid', 'local', 'stream', { policy, cause });
    default:
      return null;
  }
}
