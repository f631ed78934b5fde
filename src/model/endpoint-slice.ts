import * as z from 'zod';
import { dnsLabel, ignored, objectName, port } from './schema/field.ts';
import { ipVersion } from './schema/ip-address.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { appProtocol, transportProtocol } from './schema/port-name.ts';
import { rule, unique } from './schema/rule.ts';
import { quote } from './schema/wording.ts';

/** The label that says whose endpoints a slice holds. */
export const serviceNameLabel = 'kubernetes.io/service-name';

const conditions = z
  .strictObject({
    ready: z.boolean().default(true).describe('Whether it takes new requests.'),
    serving: z.boolean().optional().describe('Whether it answers, also while it terminates; absent: as `ready`.'),
    terminating: z.boolean().default(false).describe('Whether it is going away.'),
  })
  .prefault({});

const endpoint = z.strictObject({
  addresses: z
    .array(z.string().min(1).max(253))
    .min(1)
    .max(100)
    .describe('Addresses of the one endpoint, of the type of the slice; the first is used.'),
  conditions: conditions.describe('What it can do now.'),
  hostname: dnsLabel().optional().describe('Its own host name.'),
  nodeName: z.string().max(253).optional().describe('Node that it runs on.'),
  zone: z.string().max(253).optional().describe('Zone that it runs in.'),
  targetRef: z
    .strictObject({
      apiVersion: z.string().optional().describe('API group and version.'),
      kind: z.string().optional().describe('Kind, as in Pod.'),
      namespace: z.string().optional().describe('Namespace.'),
      name: objectName().optional().describe('Name.'),
      uid: z.string().optional().describe('Identity.'),
      resourceVersion: z.string().optional().describe('Version.'),
      fieldPath: z.string().optional().describe('Part of the object.'),
    })
    .optional()
    .describe('What the endpoint is, in a cluster.'),
  hints: z
    .strictObject({
      forZones: z
        .array(z.strictObject({ name: objectName().describe('Zone.') }))
        .max(8)
        .default([])
        .describe('Zones whose clients should use it.'),
      forNodes: z
        .array(z.strictObject({ name: objectName().describe('Node.') }))
        .max(8)
        .default([])
        .describe('Nodes whose clients should use it.'),
    })
    .optional()
    .describe('Who should use it.'),
  deprecatedTopology: ignored(),
});

const endpointPort = z.strictObject({
  name: z
    .union([z.literal(''), dnsLabel()], { error: 'a port name of lower-case letters, digits and "-", or ""' })
    .default('')
    .describe('Name of the port, as in the Service.'),
  protocol: transportProtocol().describe('Transport protocol.'),
  port: port().optional().describe('Port that the endpoints listen on; absent: any.'),
  appProtocol: appProtocol().optional().describe('What is spoken.'),
});

const addressTypes = ['IPv4', 'IPv6', 'FQDN'] as const;

const fullName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\.?$/;

/** Tells whether a text is an address of the type that the slice declares. */
function fits(addressType: (typeof addressTypes)[number], text: string): boolean {
  const version = ipVersion(text);
  return addressType === 'FQDN' ? version === undefined && fullName.test(text) : version === addressType;
}

const addressNames = { IPv4: 'an IPv4 address', IPv6: 'an IPv6 address without brackets', FQDN: 'a DNS name' } as const;

const fields = {
  addressType: z.enum(addressTypes).describe('Type of all addresses in the slice.'),
  endpoints: z.array(endpoint).max(1000).default([]).describe('Endpoints of the service.'),
  ports: z
    .array(endpointPort)
    .max(100)
    .check(
      unique(
        ['*.name'],
        ['name'],
        ({ name }) => name,
        ({ name }) => `name ${quote(name)}`,
      ),
    )
    .default([])
    .describe('Ports that every endpoint of the slice has.'),
};

const addressesFit = rule<z.output<z.ZodObject<typeof fields>>>(
  ['addressType', 'endpoints.*.addresses'],
  function* ({ addressType, endpoints }) {
    // Without a known type every address would be wrong.
    if (!addressTypes.includes(addressType)) return;
    for (const [i, { addresses }] of endpoints.entries()) {
      for (const [j, address] of addresses.entries()) {
        if (fits(addressType, address)) continue;
        const message = `malformed value ${quote(address)} for addressType ${addressType}`;
        yield { path: ['endpoints', i, 'addresses', j], message, expected: addressNames[addressType] };
      }
    }
  },
);

/** Some of the endpoints of a Service. */
export type EndpointSlice = ResourceWith<'EndpointSlice', 'discovery.k8s.io/v1', typeof fields>;

export const endpointSliceKind = defineKind({
  name: 'EndpointSlice',
  description: 'Some of the endpoints of a Service.',
  apiVersions: ['discovery.k8s.io/v1'],
  fields,
  rules: [addressesFit],
  complete: (slice) => ({
    ...slice,
    endpoints: slice.endpoints.map((declared) => {
      const { ready, serving = ready, terminating } = declared.conditions;
      return { ...declared, conditions: { ready, serving, terminating } };
    }),
  }),
  *cautionsOf({ metadata }) {
    if (metadata.labels[serviceNameLabel] !== undefined) return;
    const message = `no service has these endpoints: label ${serviceNameLabel} is missing`;
    yield { path: ['metadata', 'labels'], message, expected: 'that label with the name of a Service' };
  },
});
