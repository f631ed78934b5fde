import type { AuthorizationLevels } from '#model/snapshot/authorization.ts';
import type { FilterSpec } from '#model/snapshot/http-route.ts';
import type { Exchange } from '#proxy/exchange/exchange.ts';
import { explainPolicies, type PolicyExplanation } from '#proxy/filters/authorization/explain.ts';
import { JudgedRequest } from '#proxy/filters/authorization/judged-request.ts';
import type { Rehearsal } from './rehearsal.ts';

/** What the policies say of a request, those of its gateway first. */
export function explainAuthorization(
  rehearsal: Rehearsal,
  exchange: Exchange,
  filters: readonly FilterSpec[],
): readonly PolicyExplanation[] {
  const { listener } = exchange;
  const atListener = rehearsal.listeners.find(({ name }) => name === listener?.name)?.authorization ?? [];
  const levels: AuthorizationLevels = [
    ...atListener,
    ...filters.flatMap((filter) => (filter.type === 'Authorization' ? filter.levels : [])),
  ];
  const request = new JudgedRequest();
  request.begin(exchange, exchange.host, exchange.routedPath, listener?.port ?? 0);
  return explainPolicies(rehearsal.policies.levels(levels), request);
}
