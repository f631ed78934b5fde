import * as z from 'zod';
import { backendRefFields, servicePortGiven, weight } from './route/backend-ref.ts';
import { grpcRouteFilters } from './route/grpc-filter.ts';
import { grpcRouteMatch } from './route/grpc-match.ts';
import { totalMatches } from './route/match-count.ts';
import { parentRefs } from './route/parent-ref.ts';
import { hostname, sectionName } from './schema/field.ts';
import type { DeepReadonly } from './schema/freeze.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { uniqueNames } from './schema/rule.ts';

const backendRef = z
  .strictObject({
    ...backendRefFields,
    weight: weight('requests'),
    filters: grpcRouteFilters.default([]).describe('Filters for requests to this backend only.'),
  })
  .check(servicePortGiven);

const ruleFields = z.strictObject({
  name: sectionName().optional().describe('Name of the rule, unique within the route; policies attach to it.'),
  matches: z
    .array(grpcRouteMatch)
    .max(64)
    .default([])
    .describe('Which requests the rule is for: any one of these; empty: all.'),
  filters: grpcRouteFilters.default([]).describe('What happens to requests and responses on the way.'),
  backendRefs: z
    .array(backendRef)
    .max(16)
    .default([])
    .describe('Where requests go; with none, the answer is status UNAVAILABLE.'),
});

const fields = {
  spec: z.strictObject({
    parentRefs: parentRefs.default([]).describe('Gateways (or, in the mesh, Services) that the route attaches to.'),
    hostnames: z
      .array(hostname())
      .max(16)
      .default([])
      .describe('Hosts that the route is for; empty: all of the listener.'),
    rules: z
      .array(ruleFields)
      .max(16)
      .check(totalMatches, uniqueNames)
      .default([])
      .describe('What to do with which requests.'),
  }),
};

/** How gRPC requests are matched, changed and sent on. */
export type GRPCRoute = ResourceWith<'GRPCRoute', 'gateway.networking.k8s.io/v1', typeof fields>;

/** One rule of a GRPCRoute. */
export type GRPCRouteRule = DeepReadonly<z.output<typeof ruleFields>>;

/** One alternative of a rule's conditions. */
export type GRPCRouteMatch = GRPCRouteRule['matches'][number];

/** One filter of a rule or of a backend reference. */
export type GRPCRouteFilter = GRPCRouteRule['filters'][number];

/** One target of a rule, with its weight. */
export type GRPCBackendRef = GRPCRouteRule['backendRefs'][number];

export const grpcRouteKind = defineKind({
  name: 'GRPCRoute',
  description: 'How gRPC requests are matched, changed and sent on.',
  apiVersions: ['gateway.networking.k8s.io/v1'],
  fields,
});
