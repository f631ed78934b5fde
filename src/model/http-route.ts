import * as z from 'zod';
import { backendRefFields, servicePortGiven, weight } from './route/backend-ref.ts';
import { durationPattern, parseDurationMs } from './duration.ts';
import { type DeclaredFilter, httpRouteFilters } from './route/http-filter.ts';
import { httpRouteMatch } from './route/http-match.ts';
import { totalMatches } from './route/match-count.ts';
import { parentRefs } from './route/parent-ref.ts';
import type { DeepReadonly } from './schema/freeze.ts';
import { duration, hostname, sectionName } from './schema/field.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { type Objection, rule, uniqueNames } from './schema/rule.ts';

const backendRef = z
  .strictObject({
    ...backendRefFields,
    weight: weight('requests'),
    filters: httpRouteFilters.default([]).describe('Filters for requests to this backend only.'),
  })
  .check(servicePortGiven);

const timeouts = z
  .strictObject({
    request: duration()
      .optional()
      .describe('Limit from the arrival of a request to the end of its response, retries included; 0s: none.'),
    backendRequest: duration().optional().describe('Limit of each single attempt at a backend; 0s: none.'),
  })
  .check(
    rule(['request', 'backendRequest'], function* ({ request, backendRequest }) {
      if (request === undefined || backendRequest === undefined) return;
      if (!durationPattern.test(request) || !durationPattern.test(backendRequest)) return;
      const requestMs = parseDurationMs(request);
      if (requestMs > 0 && parseDurationMs(backendRequest) > requestMs) {
        yield {
          path: ['backendRequest'],
          message: `${backendRequest} is longer than the request timeout`,
          expected: `at most ${request}`,
        };
      }
    }),
  );

/** Both defaults of the standard: no rule, and a rule without a match, take every request. */
const matchAll = { path: { type: 'PathPrefix' as const, value: '/' } };

const ruleFields = z.strictObject({
  name: sectionName().optional().describe('Name of the rule, unique within the route; policies attach to it.'),
  matches: z
    .array(httpRouteMatch)
    .max(64)
    .prefault([matchAll])
    .describe('Which requests the rule is for: any one of these.'),
  filters: httpRouteFilters.default([]).describe('What happens to requests and responses on the way.'),
  backendRefs: z
    .array(backendRef)
    .max(16)
    .default([])
    .describe('Where requests go; with none, and no redirect, the answer is 500.'),
  timeouts: timeouts.optional().describe('Time limits.'),
});

type RuleInput = z.output<typeof ruleFields>;

const redirectHasNoBackends = rule<RuleInput>(
  ['backendRefs', 'filters.*.requestRedirect'],
  function* ({ filters, backendRefs }) {
    const i = filters.findIndex(({ requestRedirect }) => requestRedirect !== undefined);
    if (i !== -1 && backendRefs.length > 0) {
      yield {
        path: ['filters', i, 'requestRedirect'],
        message: 'a redirect cannot be used together with backendRefs',
        expected: 'no backendRefs in this rule',
      };
    }
  },
);

/** Replacing "the matched prefix" has a meaning only where exactly one prefix can have matched. */
const prefixIsMatched = rule<RuleInput>(
  ['matches.*.path.type', 'filters', 'backendRefs.*.filters'],
  function* ({ matches, filters, backendRefs }) {
    const [only] = matches;
    if (matches.length === 1 && only?.path.type === 'PathPrefix') return;
    yield* prefixReplacements(filters, ['filters']);
    for (const [i, backend] of backendRefs.entries())
      yield* prefixReplacements(backend.filters, ['backendRefs', i, 'filters']);
  },
);

function* prefixReplacements(
  filters: readonly DeclaredFilter[],
  path: readonly (string | number)[],
): Iterable<Objection> {
  for (const [i, filter] of filters.entries()) {
    for (const field of ['requestRedirect', 'urlRewrite'] as const) {
      const modifier = filter[field]?.path;
      if (modifier?.type !== 'ReplacePrefixMatch' || modifier.replacePrefixMatch === undefined) continue;
      yield {
        path: [...path, i, field, 'path', 'replacePrefixMatch'],
        message: 'there is not one matched prefix to replace',
        expected: 'exactly one match in this rule, of path type PathPrefix',
      };
    }
  }
}

const fields = {
  spec: z.strictObject({
    parentRefs: parentRefs.default([]).describe('Gateways (or, in the mesh, Services) that the route attaches to.'),
    hostnames: z
      .array(hostname())
      .max(16)
      .default([])
      .describe('Hosts that the route is for; empty: all of the listener.'),
    rules: z
      .array(ruleFields.check(redirectHasNoBackends, prefixIsMatched))
      .min(1)
      .max(16)
      .check(totalMatches, uniqueNames)
      .prefault([{}])
      .describe('What to do with which requests.'),
  }),
};

/** How HTTP requests are matched, changed and sent on. */
export type HTTPRoute = ResourceWith<'HTTPRoute', 'gateway.networking.k8s.io/v1', typeof fields>;

/** One rule of an HTTPRoute. */
export type HTTPRouteRule = DeepReadonly<RuleInput>;

/** One alternative of a rule's conditions. */
export type HTTPRouteMatch = HTTPRouteRule['matches'][number];

/** One filter of a rule or of a backend reference. */
export type HTTPRouteFilter = HTTPRouteRule['filters'][number];

/** One target of a rule, with its weight. */
export type HTTPBackendRef = HTTPRouteRule['backendRefs'][number];

export const httpRouteKind = defineKind({
  name: 'HTTPRoute',
  description: 'How HTTP requests are matched, changed and sent on.',
  apiVersions: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'],
  fields,
  // A list of matches that is written but empty means what an absent one does.
  complete: ({ spec }) => ({
    spec: {
      ...spec,
      rules: spec.rules.map((declared) =>
        declared.matches.length > 0
          ? declared
          : { ...declared, matches: [{ ...matchAll, headers: [], queryParams: [] }] },
      ),
    },
  }),
});
