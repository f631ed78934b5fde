import { Authorization, RuleAuthorization } from '#proxy/filters/authorization/authorization.ts';
import { PolicyRegistry } from '#proxy/filters/authorization/policy-registry.ts';
import { createCall, createPolicy, type TestRule } from '#proxy/filters/authorization/testing/policies.ts';
import { measureAll } from '../measure.ts';

// What a decision costs, by the number of rules that are asked before one matches, or none does. Addresses and
// identities are of the connection, as always; paths of the request.

const COUNTS = [1, 10, 100];
const counters = () => ({ add: () => {} });

const cart = 'spiffe://example.org/ns/shop/sa/cart';
const call = createCall({ uris: [cart], ip: '10.1.2.3', path: '/api/v1/orders/4711', method: 'GET' });
const folding = createCall({ uris: [cart], ip: '10.1.2.3', path: '/Api/v1/orders/4711;v=1', method: 'GET' });

const kinds: Readonly<Record<string, (i: number) => TestRule>> = {
  path: (i) => ({ to: [{ path: [`/service-${i}/*`] }] }),
  template: (i) => ({ to: [{ path: [`/api/v1/service-${i}/{*}`] }] }),
  ip: (i) => ({ from: [{ ip: [`10.2.${i}.0/24`] }] }),
  principal: (i) => ({ from: [{ principal: [`spiffe://example.org/ns/shop/sa/service-${i}`] }] }),
  'principal, method and path': (i) => ({
    from: [{ namespace: ['shop'] }],
    to: [{ method: ['GET', 'HEAD'], path: [`/service-${i}/*`, `/service-${i}`] }],
  }),
};

function authorize(action: 'ALLOW' | 'DENY', rules: readonly TestRule[]): Authorization {
  const policies = new PolicyRegistry(counters);
  policies.put(createPolicy({ action, rules }));
  return new Authorization(policies.levels([['p']]));
}

const runs: Record<string, () => unknown> = { 'no policy': () => new RuleAuthorization(null).onRequest(call) };
for (const [kind, ruleOf] of Object.entries(kinds)) {
  for (const count of COUNTS) {
    const rules = Array.from({ length: count }, (_, i) => ruleOf(i));
    const denial = authorize('DENY', rules);
    const permission = authorize('ALLOW', [...rules.slice(1), {}]);
    runs[`DENY by ${kind}, ${count} rules, none matches`] = () => denial.authorize(call);
    runs[`ALLOW by ${kind}, the last of ${count} matches`] = () => permission.authorize(call);
  }
}
const paths = authorize(
  'DENY',
  Array.from({ length: 10 }, (_, i) => kinds['path']!(i)),
);
runs['DENY by path, 10 rules, odd spelling'] = () => paths.authorize(folding);

measureAll(runs);
