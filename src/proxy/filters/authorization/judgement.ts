import type { Decision } from './decision.ts';
import type { JudgedRequest } from './judged-request.ts';
import type { Policy } from './policy.ts';
import type { PolicyLevel } from './policy-slot.ts';

/**
 * Decides over a request, in this order:
 *
 * 1. A policy that is missing or broken refuses.
 * 2. A rule of a DENY policy that matches, at any level, denies.
 * 3. Each level with an ALLOW policy denies what none of them matches. So a route can narrow what its gateway permits,
 *    and never widen it.
 * 4. What is left may pass; what an audited policy would have denied is recorded.
 *
 * @returns what decided, counted; null where nothing has anything to say
 */
export function judge(levels: readonly PolicyLevel[], request: JudgedRequest): Decision | null {
  const refusal = findBroken(levels) ?? findDenial(levels, request);
  if (refusal !== null) return counted(refusal);
  let allowed: Decision | null = null;
  let audited: Decision | null = findAudited(levels, request);
  for (const level of levels) {
    const decision = permit(level, request);
    if (decision === null) audited ??= permitAudited(level, request);
    else if (decision.error !== null) return counted(decision);
    else allowed = decision;
  }
  if (allowed !== null) counted(allowed);
  return audited === null ? allowed : counted(audited);
}

function counted(decision: Decision): Decision {
  decision.counter.add();
  return decision;
}

function findBroken(levels: readonly PolicyLevel[]): Decision | null {
  for (const level of levels) {
    for (const { policy, absence } of level) {
      if (policy === null) return absence;
      if (policy.broken !== null) return policy.broken;
    }
  }
  return null;
}

function findDenial(levels: readonly PolicyLevel[], request: JudgedRequest): Decision | null {
  for (const level of levels) {
    for (const { policy } of level) {
      if (policy === null || policy.action !== 'DENY' || policy.audit || policy.isExempt(request.path)) continue;
      const rule = policy.match(request);
      if (rule !== undefined) return rule.decision;
    }
  }
  return null;
}

/** What an audited DENY policy would have denied. */
function findAudited(levels: readonly PolicyLevel[], request: JudgedRequest): Decision | null {
  for (const level of levels) {
    for (const { policy } of level) {
      if (!isAudited(policy, 'DENY') || policy.isExempt(request.path)) continue;
      const rule = policy.match(request);
      if (rule !== undefined) return rule.decision;
    }
  }
  return null;
}

/** What the ALLOW policies of a level decide together; null where there are none. */
function permit(level: PolicyLevel, request: JudgedRequest): Decision | null {
  let unmatched: Decision | null = null;
  for (const { policy } of level) {
    if (policy === null || policy.action !== 'ALLOW' || policy.audit) continue;
    if (policy.isExempt(request.path)) return policy.exempt;
    const rule = policy.match(request);
    if (rule !== undefined) return rule.decision;
    unmatched ??= policy.unmatched;
  }
  return unmatched;
}

/** What audited ALLOW policies would deny at a level where no other policy permits anything; null for nothing. */
function permitAudited(level: PolicyLevel, request: JudgedRequest): Decision | null {
  let unmatched: Decision | null = null;
  for (const { policy } of level) {
    if (!isAudited(policy, 'ALLOW')) continue;
    if (policy.isExempt(request.path) || policy.match(request) !== undefined) return null;
    unmatched ??= policy.unmatched;
  }
  return unmatched;
}

function isAudited(policy: Policy | null, action: Policy['action']): policy is Policy {
  return policy !== null && policy.audit && policy.action === action && policy.mute === '';
}
