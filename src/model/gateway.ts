import * as z from 'zod';
import type { Path } from './field-path.ts';
import { isIP } from './schema/ip-address.ts';
import { gatewayTls, listenerTls } from './gateway-tls.ts';
import { labelSelector } from './label-selector.ts';
import {
  group,
  hostname,
  kindName,
  labelValue,
  limitedMap,
  objectName,
  port,
  qualifiedKey,
  sectionName,
} from './schema/field.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { type Objection, rule, unique, uniqueNames } from './schema/rule.ts';
import { quote } from './schema/wording.ts';
import { cautionsAboutTlsOptions } from './tls-options.ts';

/** The standard's patterns below are not anchored on every side: on a long text they would take long to fail. */
const longAborts = { abort: true };

const address = z
  .strictObject({
    type: z
      .string()
      .min(1)
      .max(253, longAborts)
      .regex(
        /^Hostname|IPAddress|NamedAddress|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/,
        'IPAddress, Hostname, NamedAddress or a domain-prefixed type',
      )
      .default('IPAddress')
      .describe('What the value is: IPAddress, Hostname, NamedAddress or a domain-prefixed type.'),
    value: z.string().max(253).optional().describe('The address; absent: one is chosen.'),
  })
  .check(
    rule(['type', 'value'], function* ({ type, value }) {
      if (value === undefined || value === '') return;
      if (type === 'IPAddress' && !isIP(value)) {
        yield {
          path: ['value'],
          message: `malformed value ${quote(value)}`,
          expected: 'an IPv4 or IPv6 address',
        };
      }
      if (type === 'Hostname' && !hostname().safeParse(value).success) {
        yield {
          path: ['value'],
          message: `malformed value ${quote(value)}`,
          expected: 'a lower-case host name',
        };
      }
    }),
  );

type Address = z.output<typeof address>;

const uniqueAddresses = unique<Address>(
  ['*.type', '*.value'],
  ['value'],
  ({ type, value }) =>
    value !== undefined && (type === 'IPAddress' || type === 'Hostname') ? `${type} ${value}` : undefined,
  ({ type, value }) => `${type} ${quote(value)}`,
);

/** Whose routes (or listener sets) may attach. */
const namespaceChoice = <const F extends readonly [string, ...string[]]>(from: F, fallback: F[number]) =>
  z
    .strictObject({
      from: z
        .enum(from)
        .default(fallback as never)
        .describe('All, Same (as the Gateway) or those that the selector chooses.'),
      selector: labelSelector().optional().describe('Labels of the namespaces, where `from` is Selector.'),
    })
    .prefault({});

const listener = z.strictObject({
  name: sectionName().describe('Name that routes refer to by `sectionName`.'),
  hostname: hostname()
    .optional()
    .describe('Host that the listener is for; absent: all. A wildcard covers one or more labels.'),
  port: port().describe('Port that is listened on.'),
  protocol: z
    .string()
    .min(1)
    .max(255, longAborts)
    .regex(
      /^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9]+$/,
      'HTTP, HTTPS, TLS, TCP, UDP or a domain-prefixed protocol',
    )
    .describe('HTTP, HTTPS, TLS, TCP, UDP or a domain-prefixed protocol.'),
  tls: listenerTls.optional().describe('How TLS is spoken; for HTTPS and TLS.'),
  allowedRoutes: z
    .strictObject({
      namespaces: namespaceChoice(['All', 'Selector', 'Same'], 'Same').describe('Namespaces whose routes may attach.'),
      kinds: z
        .array(
          z.strictObject({
            group: group().default('gateway.networking.k8s.io').describe('API group of the route kind.'),
            kind: kindName().describe('Route kind, as in HTTPRoute.'),
          }),
        )
        .max(8)
        .default([])
        .describe('Kinds of routes that may attach; empty: those that fit the protocol.'),
    })
    .prefault({})
    .describe('Which routes may attach.'),
});

type Listener = z.output<typeof listener>;

const protocolRules = rule<Listener[]>(['*.protocol', '*.hostname', '*.tls'], function* (listeners) {
  for (const [i, { protocol, tls, hostname: host }] of listeners.entries()) {
    if (tls !== undefined && ['HTTP', 'TCP', 'UDP'].includes(protocol)) {
      yield {
        path: [i, 'tls'],
        message: `must not be given for protocol ${protocol}`,
        expected: 'protocol HTTPS or TLS',
      };
    }
    if (protocol === 'HTTPS' && tls !== undefined && tls.mode !== 'Terminate') {
      yield {
        path: [i, 'tls', 'mode'],
        message: `unknown value ${quote(tls.mode)} for protocol HTTPS`,
        expected: 'Terminate',
      };
    }
    if (protocol === 'TLS' && tls === undefined) {
      yield {
        path: [i, 'tls'],
        message: 'required field is missing',
        expected: 'a map with mode Terminate or Passthrough',
      };
    }
    if (host !== undefined && ['TCP', 'UDP'].includes(protocol)) {
      yield { path: [i, 'hostname'], message: `must not be given for protocol ${protocol}`, expected: 'no hostname' };
    }
  }
});

const uniqueListenerPlaces = unique<Listener>(
  ['*.port', '*.protocol', '*.hostname'],
  [],
  ({ port: number, protocol, hostname: host }) => JSON.stringify([number, protocol, host]),
  ({ port: number, protocol, hostname: host }) =>
    `port ${number} with protocol ${quote(protocol)} and ${host === undefined ? 'no hostname' : `hostname ${quote(host)}`}`,
);

const fields = {
  spec: z.strictObject({
    gatewayClassName: objectName().describe('GatewayClass of this gateway.'),
    listeners: z
      .array(listener)
      .min(1)
      .max(64)
      .check(protocolRules, uniqueNames, uniqueListenerPlaces)
      .describe('Addresses and protocols that are listened on.'),
    addresses: z
      .array(address)
      .max(16)
      .check(uniqueAddresses)
      .default([])
      .describe('Addresses to listen on; empty: all.'),
    infrastructure: z
      .strictObject({
        labels: limitedMap(qualifiedKey(252), labelValue(), 8)
          .default({})
          .describe('Labels for what is created for the gateway.'),
        annotations: limitedMap(qualifiedKey(252), z.string().max(4096), 16)
          .default({})
          .describe('Annotations for what is created for the gateway.'),
        parametersRef: z
          .strictObject({
            group: group().describe('API group of the referent.'),
            kind: kindName().describe('Kind of the referent.'),
            name: objectName().describe('Name of the referent, in the namespace of the gateway.'),
          })
          .optional()
          .describe('A resource with settings for this gateway.'),
      })
      .optional()
      .describe('What is created for the gateway, in a cluster.'),
    allowedListeners: z
      .strictObject({
        namespaces: namespaceChoice(['All', 'Selector', 'Same', 'None'], 'None').describe(
          'Namespaces whose listener sets may attach.',
        ),
      })
      .optional()
      .describe('Which listener sets may add listeners.'),
    tls: gatewayTls
      .optional()
      .describe("TLS settings for all listeners: client certificates, and the gateway's own towards backends."),
  }),
};

/** Where traffic enters: listeners with their protocols and certificates. */
export type Gateway = ResourceWith<'Gateway', 'gateway.networking.k8s.io/v1', typeof fields>;

export const gatewayKind = defineKind({
  name: 'Gateway',
  description: 'Where traffic enters: listeners with their protocols and certificates.',
  apiVersions: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'],
  fields,
  *cautionsOf({ spec }) {
    for (const [i, declared] of spec.listeners.entries())
      yield* below(['spec', 'listeners', i], cautionsAboutListener(declared));
  },
});

function* cautionsAboutListener({ protocol, tls, allowedRoutes }: Gateway['spec']['listeners'][number]) {
  const certificate = 'certificateRefs with a Secret of type kubernetes.io/tls';
  if (protocol === 'HTTPS' && tls === undefined)
    yield { path: ['tls'], message: 'nothing can be served: protocol HTTPS has no certificate', expected: certificate };
  if (tls?.mode === 'Terminate' && tls.certificateRefs.length === 0) {
    const message = 'nothing can be served: mode Terminate has no certificate';
    yield { path: ['tls', 'certificateRefs'], message, expected: certificate };
  }
  if (tls?.mode === 'Passthrough' && tls.certificateRefs.length > 0) {
    const message = 'has no effect: in mode Passthrough the backend shows the certificate';
    yield { path: ['tls', 'certificateRefs'], message, expected: 'no certificateRefs, or mode Terminate' };
  }
  yield* below(['tls', 'options'], cautionsAboutTlsOptions(tls?.options ?? {}));
  const { from, selector } = allowedRoutes.namespaces;
  if (from === 'Selector' && selector === undefined) {
    const path = ['allowedRoutes', 'namespaces', 'selector'];
    yield { path, message: 'no route can attach: from is Selector and there is none', expected: 'a label selector' };
  }
}

function* below(ancestor: Path, cautions: Iterable<Objection>): Iterable<Objection> {
  for (const caution of cautions) yield { ...caution, path: [...ancestor, ...caution.path] };
}
