import * as z from 'zod';
import { type BackendTLS, declaredTLS, spokenTLS, tlsFitsTheRest } from './backend-tls.ts';
import { port, positiveDuration, preciseHostname } from './schema/field.ts';
import { ipVersion } from './schema/ip-address.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { distinct, rule, unique } from './schema/rule.ts';
import { quote } from './schema/wording.ts';

/** What a backend may speak, in the words of `appProtocol` of a Service. */
export const backendProtocols = [
  'http',
  'https',
  'grpc',
  'kubernetes.io/h2c',
  'kubernetes.io/ws',
  'kubernetes.io/wss',
  'tcp',
  'tls',
] as const;

/** DNS names as resolvers take them: underscores occur in private names, and the root's dot may be written. */
const dnsName = /^(?=.{1,253}$)[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?(\.[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?)*\.?$/i;

/** A last label of digits only is a mistyped IPv4 address (WHATWG URL §3.5). */
const endsInNumber = /(^|\.)[0-9]+\.?$/;

const expectedAddress = 'an IPv4 address, an IPv6 address without brackets, or a DNS name; no scheme, port or path';

function isAddress(text: string): boolean {
  return ipVersion(text) !== undefined || (dnsName.test(text) && !endsInNumber.test(text));
}

const address = z.string().min(1).max(254).describe('IPv4 address, IPv6 address (without brackets) or DNS name.');

const endpoint = z
  .strictObject({
    address,
    port: port().describe('Port that the endpoint listens on.'),
    weight: z.int().min(1).max(1000).default(1).describe('Share of requests, relative to the other endpoints.'),
    zone: z.string().min(1).max(253).optional().describe('Zone that the endpoint is in; requests prefer the own.'),
  })
  .check(
    rule(['address'], function* ({ address: text }) {
      if (text === '' || isAddress(text)) return;
      yield {
        path: ['address'],
        message: `malformed value ${quote(text)}`,
        expected: expectedAddress,
      };
    }),
  );

type Endpoint = z.output<typeof endpoint>;

const uniqueEndpoints = unique<Endpoint>(
  ['*.address', '*.port'],
  ['address'],
  ({ address: text, port: number }) => `${text.toLowerCase()} ${number}`,
  ({ address: text, port: number }) => `${text} with port ${number}`,
);

const specFields = {
  endpoints: z
    .array(endpoint)
    .min(1)
    .max(100)
    .check(uniqueEndpoints)
    .describe(
      'Where the backend is reached. A DNS name stands for all addresses that it resolves to, which share its weight.',
    ),
  hostnames: z
    .array(
      preciseHostname().regex(
        /\./,
        'a name with a dot, as in api.example.com: names without one are those of Services',
      ),
    )
    .min(1)
    .max(16)
    .check(distinct)
    .optional()
    .describe(
      'Names by which workloads of a mesh call the backend, in its namespace and in those that a ReferenceGrant permits; ' +
        'absent: the addresses of the endpoints. All names lead to all endpoints.',
    ),
  appProtocol: z
    .enum(backendProtocols)
    .optional()
    .describe(
      'What the endpoints speak. http: HTTP/1.1; https: HTTP over TLS; grpc and kubernetes.io/h2c: HTTP/2 without TLS; ' +
        'kubernetes.io/ws and kubernetes.io/wss: WebSocket without and with TLS; tcp: opaque bytes; tls: opaque bytes over TLS. ' +
        'Absent: https where `tls` is given, else http.',
    ),
  dns: z
    .strictObject({
      refreshInterval: positiveDuration()
        .default('30s')
        .describe(
          'Longest time between two look-ups of a name; a record with a shorter time to live is looked up again sooner.',
        ),
      ipFamily: z.enum(['Any', 'IPv4', 'IPv6']).default('Any').describe('Which of the addresses of a name are used.'),
    })
    .prefault({})
    .describe('How DNS names among the endpoints are resolved.'),
  loadBalancing: z
    .strictObject({
      type: z
        .enum(['LeastRequest', 'RoundRobin', 'Random'])
        .default('LeastRequest')
        .describe(
          'LeastRequest: of two random endpoints the one with fewer open requests. RoundRobin: in turn. Random.',
        ),
    })
    .prefault({})
    .describe('How an endpoint is chosen for each request.'),
  connectTimeout: positiveDuration()
    .default('5s')
    .describe('Time in which a connection, with TLS where spoken, must stand.'),
  tls: declaredTLS
    .optional()
    .describe(
      "That TLS is spoken, and how the endpoints' certificate is verified. Absent with a protocol over TLS: public authorities are trusted.",
    ),
  proxyProtocol: z
    .enum(['V1', 'V2'])
    .optional()
    .describe(
      'Version of the PROXY protocol header that starts each connection and tells who the client is. ' +
        'Connections are then not shared between clients. Absent: none.',
    ),
};

const fields = {
  spec: z.strictObject(specFields).check(tlsFitsTheRest),
};

/** Something outside of the mesh that routes can send requests to: fixed addresses and DNS names. */
export type Backend = ResourceWith<'Backend', 'selvage.dev/v1alpha1', typeof fields>;

export const backendKind = defineKind({
  name: 'Backend',
  description: 'Something outside of the mesh that routes can send requests to: fixed addresses and DNS names.',
  apiVersions: ['selvage.dev/v1alpha1'],
  fields,
  // What reads the protocol alone never takes a backend with TLS for one without.
  complete: ({ spec }) => ({
    spec: {
      ...spec,
      ...(spec.tls !== undefined && spec.appProtocol === undefined && { appProtocol: 'https' as const }),
    },
  }),
});

/**
 * Tells how TLS is spoken to a backend.
 *
 * @returns undefined where none is; without `caCertificateRefs` public authorities are trusted
 */
export function backendTLS({ spec }: Backend): BackendTLS | undefined {
  return spokenTLS(spec);
}
