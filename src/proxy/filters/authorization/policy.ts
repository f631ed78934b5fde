import type { AuthorizationResource, AuthorizationRule } from '#model/snapshot/authorization.ts';
import { Condition } from './condition.ts';
import { Decision, type DecisionCounters } from './decision.ts';
import type { JudgedRequest } from './judged-request.ts';

/** What decides in place of a rule. */
const NO_RULE = 'no-rule';
const EXEMPT = 'exempt-path';

/** One rule, compiled: any of `from` and any of `to`, of which each is conditions that all hold. */
export interface CompiledRule {
  readonly name: string;
  readonly from: readonly (readonly Condition[])[];
  readonly to: readonly (readonly Condition[])[];
  /** What it means for a request that it matches. */
  readonly decision: Decision;
}

/** An `AuthorizationPolicy`, compiled once for all that it is for. */
export class Policy {
  readonly name: string;
  readonly action: 'ALLOW' | 'DENY';
  readonly audit: boolean;
  readonly rules: readonly CompiledRule[];
  readonly exemptPaths: readonly string[];
  /** Not null where the policy cannot be enforced. */
  readonly broken: Decision | null;
  /** Why an audited policy records nothing, or ''. */
  readonly mute: string;
  /** Of an ALLOW: what it means for requests at an exempt path. */
  readonly exempt: Decision;
  /** Of an ALLOW: what it means for requests that no policy of its level allows. */
  readonly unmatched: Decision;

  constructor(resource: AuthorizationResource, counters: DecisionCounters) {
    const { name, action, audit, exemptPaths } = resource;
    const decide = (result: Decision['result'], rule: string, cause?: string) =>
      new Decision(name, result, rule, counters(name, audit ? 'AUDIT' : action, result), cause);
    const denial = audit ? 'would-deny' : 'denied';
    const faults: string[] = resource.fault === null ? [] : [resource.fault];
    this.name = name;
    this.action = action;
    this.audit = audit;
    this.exemptPaths = exemptPaths;
    this.rules = resource.rules.map((rule) => ({
      name: rule.name,
      ...compileParts(rule, action, faults),
      decision: decide(action === 'ALLOW' ? 'allowed' : denial, rule.name),
    }));
    this.exempt = decide('allowed', EXEMPT);
    this.unmatched = decide(denial, NO_RULE);
    const [fault = ''] = faults;
    this.broken = fault === '' || audit ? null : decide('broken', NO_RULE, fault);
    // What is only recorded must close nothing; and to judge by a part of a rule would record what is not so.
    this.mute = audit ? fault : '';
  }

  isExempt(path: string): boolean {
    return this.exemptPaths.length > 0 && this.exemptPaths.includes(path);
  }

  /** @returns the first rule that matches; undefined for none */
  match(request: JudgedRequest): CompiledRule | undefined {
    for (const rule of this.rules) {
      if (holdsAny(rule.from, request) && holdsAny(rule.to, request)) return rule;
    }
    return undefined;
  }
}

function compileParts(
  { name, from, to }: AuthorizationRule,
  action: 'ALLOW' | 'DENY',
  faults: string[],
): Pick<CompiledRule, 'from' | 'to'> {
  const compile = (parts: AuthorizationRule['from']) =>
    parts.map((conditions) =>
      conditions.flatMap((declared) => {
        const condition = Condition.compile(declared, action);
        if (typeof condition !== 'string') return [condition];
        faults.push(`rule ${name}: ${condition}`);
        return [];
      }),
    );
  return { from: compile(from), to: compile(to) };
}

function holdsAny(alternatives: readonly (readonly Condition[])[], request: JudgedRequest): boolean {
  if (alternatives.length === 0) return true;
  for (const conditions of alternatives) if (holdsAll(conditions, request)) return true;
  return false;
}

function holdsAll(conditions: readonly Condition[], request: JudgedRequest): boolean {
  for (const condition of conditions) if (!condition.holds(request)) return false;
  return true;
}
