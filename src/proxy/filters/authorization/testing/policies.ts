import type {
  AuthorizationAttribute,
  AuthorizationCondition,
  AuthorizationResource,
  AuthorizationRule,
} from '#model/snapshot/authorization.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { createTestExchange, type TestRequest } from '../../testing/exchange.ts';
import { Authorization } from '../authorization.ts';
import { PolicyRegistry } from '../policy-registry.ts';

/** Who calls, in tests. */
export interface TestCaller extends TestRequest {
  /** URIs in the verified certificate; none without. */
  readonly uris?: readonly string[];
  readonly ip?: string;
  /** Of the certificate. @defaultValue never */
  readonly expiresAtMs?: number;
  /** As trusted proxies tell it. */
  readonly clientAddress?: string;
}

export function createCall({ uris, ip, clientAddress, expiresAtMs = Infinity, ...request }: TestCaller = {}): Exchange {
  const certificate = {
    subject: '',
    dnsNames: [],
    uris: uris ?? [],
    fingerprint: '',
    expiresAtMs,
    raw: new Uint8Array(),
  };
  const tls = { serverName: '', alpn: '', version: 'TLSv1.3', listener: '', isolated: false, certificate };
  const peer = { ...(uris !== undefined && { tls }), ...(ip !== undefined && { remoteAddress: ip }) };
  const exchange = createTestExchange({ ...request, peer });
  if (clientAddress !== undefined) exchange.clientAddress = clientAddress;
  return exchange;
}

/** One condition: `{ path: ['/a'] }`, or with `not` in front, `{ not_path: ['/a'] }`. */
type Conditions = { readonly [A in AuthorizationAttribute | `not_${AuthorizationAttribute}`]?: readonly string[] };

export interface TestRule {
  readonly from?: readonly Conditions[];
  readonly to?: readonly Conditions[];
}

export interface TestPolicy {
  readonly name?: string;
  readonly action: 'ALLOW' | 'DENY';
  readonly audit?: boolean;
  readonly exemptPaths?: readonly string[];
  readonly rules?: readonly TestRule[];
  readonly fault?: string;
}

export function createPolicy(policy: TestPolicy): AuthorizationResource {
  const { name = 'p', action, audit = false, exemptPaths = [], rules = [], fault = null } = policy;
  return { type: 'authorization', name, version: '1', action, audit, exemptPaths, rules: rules.map(createRule), fault };
}

function createRule({ from = [], to = [] }: TestRule, index: number): AuthorizationRule {
  return { name: `rule-${index}`, from: from.map(conditionsOf), to: to.map(conditionsOf) };
}

function conditionsOf(conditions: Conditions): AuthorizationCondition[] {
  return Object.entries(conditions).map(([key, values]) => ({
    attribute: key.replace('not_', '') as AuthorizationAttribute,
    negated: key.startsWith('not_'),
    values,
  }));
}

/** Judges a call by policies, level by level. @returns the text of the decision; '' where there was none */
export function decide(levels: readonly (readonly TestPolicy[])[], call: TestCaller): string {
  const registry = new PolicyRegistry(() => ({ add: () => {} }));
  const names = levels.map((level, i) => level.map(({ name = 'p' }, j) => (name === 'p' ? `p${i}${j}` : name)));
  for (const [i, level] of levels.entries())
    for (const [j, policy] of level.entries()) registry.put(createPolicy({ ...policy, name: names[i]![j]! }));
  const exchange = createCall(call);
  new Authorization(registry.levels(names)).authorize(exchange);
  return exchange.authorization?.text ?? '';
}

/** Whether a call passes one policy. */
export function passes(policy: TestPolicy, call: TestCaller): boolean {
  const decision = decide([[policy]], call);
  return !decision.startsWith('denied') && !decision.startsWith('broken');
}
