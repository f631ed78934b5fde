import * as z from 'zod';
import { targetsTellApart } from './policy/target-ref.ts';
import { duration, objectName, positiveDuration, sectionName } from './schema/field.ts';
import { isCidr } from './schema/ip-address.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { distinct } from './schema/rule.ts';

const targetRef = z.strictObject({
  group: z.literal('gateway.networking.k8s.io').default('gateway.networking.k8s.io').describe('API group of Gateway.'),
  kind: z.literal('Gateway').default('Gateway').describe('Gateway.'),
  name: objectName().describe('Name of the Gateway, in the namespace of the policy.'),
  sectionName: sectionName()
    .optional()
    .describe('Listener of the Gateway; absent: all that no policy of their own is for.'),
});

const cidr = z
  .string()
  .max(64)
  .refine(isCidr, {
    error: 'malformed address range',
    params: { expected: 'addresses with prefix length, as in 10.0.0.0/8 or 2001:db8::/32' },
  });

/** The header comes before the first byte of TLS or HTTP, so that listeners of one port cannot differ in it. */
const proxyProtocol = z.strictObject({
  mode: z
    .enum(['Required', 'Optional'])
    .default('Required')
    .describe(
      'Required: every connection begins with the header, and one that does not, or comes from elsewhere, is closed. ' +
        'Optional: connections from trusted addresses may begin with it; those from elsewhere are served as they are.',
    ),
  trusted: z
    .array(cidr)
    .min(1)
    .max(64)
    .check(distinct)
    .describe(
      'Addresses of the load balancers that are believed who the client is. ' +
        '0.0.0.0/0 and ::/0 believe everybody, who can then pose as any client.',
    ),
});

const httpTimeout = z.strictObject({
  idleTimeout: positiveDuration()
    .default('60s')
    .describe('How long a connection may stay open before its first request and between two.'),
  headTimeout: positiveDuration()
    .default('10s')
    .describe('Time from the first byte of the head of a request to its end: the defence against slow senders.'),
  streamIdleTimeout: duration()
    .default('5m')
    .describe('How long a request may last with nothing moving in either direction; 0s: without limit.'),
});

const tcpTimeout = z.strictObject({
  idleTimeout: duration()
    .default('1h')
    .describe('How long a connection of a TCPRoute or TLSRoute may be silent in both directions; 0s: without limit.'),
});

const bytes = (min: number, max: number, byDefault: number) => z.int().min(min).max(max).default(byDefault);

const maxWindowBytes = 2_147_483_647;

const fields = {
  spec: z.strictObject({
    targetRefs: z
      .array(targetRef)
      .min(1)
      .max(16)
      .check(targetsTellApart)
      .describe('Gateways, or single listeners of them; a policy for a listener is in place of that for its Gateway.'),
    proxyProtocol: proxyProtocol
      .optional()
      .describe(
        'PROXY protocol, version 1 or 2, from load balancers in front. For all listeners of a port; absent: not read.',
      ),
    timeout: z
      .strictObject({
        http: httpTimeout.prefault({}).describe('For HTTP.'),
        tcp: tcpTimeout.prefault({}).describe('For connections that are passed on as they are.'),
      })
      .prefault({})
      .describe('Time limits.'),
    limits: z
      .strictObject({
        headerBytes: bytes(1024, 1_048_576, 61_440).describe(
          'Size of the whole head of a request, and again of its trailers, in bytes; over: 431.',
        ),
        headerCount: z
          .int()
          .min(1)
          .max(10_000)
          .default(100)
          .describe('Headers of a request, and again of its trailers; over: 431.'),
        targetBytes: bytes(1024, 1_048_576, 16_384).describe(
          'Size of the path with its query (the whole target), in bytes; over: 414.',
        ),
      })
      .prefault({})
      .describe('What one request may hold, in any version of HTTP.'),
    http1: z
      .strictObject({
        methodBytes: bytes(16, 256, 32).describe('Length of the method, in bytes; over: 400.'),
        chunkExtensionBytes: bytes(0, 1_048_576, 4096).describe(
          'Size of all chunk extensions of one request, in bytes; over: 400.',
        ),
      })
      .prefault({})
      .describe('Settings for HTTP/1.1.'),
    http2: z
      .strictObject({
        maxConcurrentStreams: z
          .int()
          .min(1)
          .max(maxWindowBytes)
          .default(100)
          .describe('Open requests of one connection; more are refused until others end.'),
        initialStreamWindowBytes: bytes(65_535, maxWindowBytes, 262_144).describe(
          'What a client may send of one request before the backend takes it, in bytes.',
        ),
        initialConnectionWindowBytes: bytes(65_535, maxWindowBytes, 1_048_576).describe(
          'What a client may send on one connection before backends take it, in bytes.',
        ),
      })
      .prefault({})
      .describe('Settings for HTTP/2.'),
  }),
};

/** How a Gateway deals with its clients: who they are behind load balancers, and what each may take. */
export type ClientTrafficPolicy = ResourceWith<'ClientTrafficPolicy', 'selvage.dev/v1alpha1', typeof fields>;

export const clientTrafficPolicyKind = defineKind({
  name: 'ClientTrafficPolicy',
  description: 'How a Gateway deals with its clients: who they are behind load balancers, and what each may take.',
  apiVersions: ['selvage.dev/v1alpha1'],
  fields,
  *cautionsOf({ spec }) {
    const { headerBytes, targetBytes } = spec.limits;
    if (targetBytes > headerBytes) {
      const message = `has no effect: the whole head may have ${headerBytes} bytes only`;
      yield {
        path: ['spec', 'limits', 'targetBytes'],
        message,
        expected: `at most ${headerBytes}, or more headerBytes`,
      };
    }
  },
});
