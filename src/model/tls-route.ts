import * as z from 'zod';
import { parentRefs } from './route/parent-ref.ts';
import { streamRules } from './route/stream-rule.ts';
import { hostname } from './schema/field.ts';
import { isIP } from './schema/ip-address.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { rule } from './schema/rule.ts';
import { quote } from './schema/wording.ts';

/** A client that connects to an address sends no server name at all (RFC 6066 §3). */
const noAddresses = rule<string[]>(['*'], function* (hostnames) {
  for (const [i, text] of hostnames.entries()) {
    if (!isIP(text)) continue;
    yield {
      path: [i],
      message: `${quote(text)} is an IP address`,
      expected: 'a host name: server names are never IPs',
    };
  }
});

const fields = {
  spec: z.strictObject({
    parentRefs: parentRefs.default([]).describe('Gateways (or, in the mesh, Services) that the route attaches to.'),
    hostnames: z
      .array(hostname())
      .min(1)
      .max(1024)
      .check(noAddresses)
      .describe('Server names (SNI) that the route is for. A wildcard covers one or more labels.'),
    rules: streamRules.describe('Where connections go; one rule.'),
  }),
};

/** Where TLS connections go, by the server name that the client asks for. */
export type TLSRoute = ResourceWith<'TLSRoute', 'gateway.networking.k8s.io/v1', typeof fields>;

export const tlsRouteKind = defineKind({
  name: 'TLSRoute',
  description: 'Where TLS connections go, by the server name that the client asks for.',
  apiVersions: ['gateway.networking.k8s.io/v1'],
  fields,
});
