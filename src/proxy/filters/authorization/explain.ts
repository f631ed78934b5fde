import type { AuthorizationAttribute } from '#model/snapshot/authorization.ts';
import type { Condition } from './condition.ts';
import type { JudgedRequest } from './judged-request.ts';
import type { PolicyLevel } from './policy-slot.ts';
import type { CompiledRule, Policy } from './policy.ts';

/** What one policy says of a request, and why. */
export interface PolicyExplanation {
  /** `AuthorizationPolicy/<namespace>/<name>`. */
  readonly policy: string;
  /** As in `ALLOW` or `AUDIT as DENY`; '' where the policy is not known. */
  readonly action: string;
  /** As in `rule office matches`. */
  readonly outcome: string;
  /** For each rule that does not match, what speaks against it. */
  readonly reasons: readonly string[];
}

/** Explains what each policy says of a request, by what the policies themselves are asked. Slow, and for people. */
export function explainPolicies(levels: readonly PolicyLevel[], request: JudgedRequest): readonly PolicyExplanation[] {
  return levels
    .flat()
    .map(({ name, policy }) =>
      policy === null
        ? { policy: name, action: '', outcome: 'is not known, so everything is refused', reasons: [] }
        : explainPolicy(policy, request),
    );
}

function explainPolicy(policy: Policy, request: JudgedRequest): PolicyExplanation {
  const { name, action, audit, broken, mute, rules } = policy;
  const common = { policy: name, action: audit ? `AUDIT as ${action}` : action };
  if (broken !== null) {
    return {
      ...common,
      outcome: `cannot be enforced, so everything is refused: ${broken.error?.cause ?? ''}`,
      reasons: [],
    };
  }
  if (mute !== '') return { ...common, outcome: `cannot be judged, so nothing is recorded: ${mute}`, reasons: [] };
  if (policy.isExempt(request.path)) return { ...common, outcome: `path ${request.path} is exempt`, reasons: [] };
  const match = policy.match(request);
  if (match !== undefined) return { ...common, outcome: `rule ${match.name} matches`, reasons: [] };
  const reasons = rules.map((rule) => `rule ${rule.name}: ${reasonsAgainst(rule, request).join('; ')}`);
  return { ...common, outcome: 'no rule matches', reasons };
}

function reasonsAgainst({ from, to }: CompiledRule, request: JudgedRequest): string[] {
  return [from, to].flatMap((alternatives) => {
    const failures = alternatives.map((conditions) => conditions.filter((condition) => !condition.holds(request)));
    return failures.some((failing) => failing.length === 0)
      ? []
      : failures.map((failing) => failing.map((condition) => reason(condition, request)).join(' and '));
  });
}

function reason(condition: Condition, request: JudgedRequest): string {
  const { attribute, negated, values } = condition.declared;
  if (condition.find(request) === 'missing') return `${attribute} is missing`;
  return `${attribute} ${valueOf(attribute, request)} is ${negated ? '' : 'not '}in ${values.join(', ')}`;
}

function valueOf(attribute: AuthorizationAttribute, { exchange, principal, host, path, port }: JudgedRequest): string {
  switch (attribute) {
    case 'principal':
      return principal?.uri ?? '';
    case 'namespace':
      return principal?.namespace ?? '';
    case 'serviceAccount':
      return principal?.serviceAccount ?? '';
    case 'ip':
      return exchange.peer.remoteAddress;
    case 'remoteIp':
      return exchange.clientAddress;
    case 'host':
      return host;
    case 'port':
      return String(port);
    case 'method':
      return exchange.request.method;
    case 'path':
    case 'grpcService':
    case 'grpcMethod':
      return path;
  }
}
