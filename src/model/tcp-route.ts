import * as z from 'zod';
import { parentRefs } from './route/parent-ref.ts';
import { streamRules } from './route/stream-rule.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';

const fields = {
  spec: z.strictObject({
    parentRefs: parentRefs.default([]).describe('Gateways (or, in the mesh, Services) that the route attaches to.'),
    rules: streamRules.describe('Where connections go; one rule.'),
  }),
};

/** Where the TCP connections of a listener go, whatever they carry. */
export type TCPRoute = ResourceWith<'TCPRoute', 'gateway.networking.k8s.io/v1', typeof fields>;

export const tcpRouteKind = defineKind({
  name: 'TCPRoute',
  description: 'Where the TCP connections of a listener go, whatever they carry.',
  apiVersions: ['gateway.networking.k8s.io/v1'],
  fields,
});
