import * as z from 'zod';
import { port, sectionName } from '../schema/field.ts';
import { distinct, rule, unique } from '../schema/rule.ts';
import {
  addressBlock,
  grpcMethodPattern,
  grpcServicePattern,
  hostPattern,
  methodName,
  namespacePattern,
  pathPattern,
  principalPattern,
  serviceAccountPattern,
} from './authorization-pattern.ts';

const words = (value: z.ZodString, what: string) =>
  z.array(value).min(1).max(128).check(distinct).optional().describe(what);

const ports = (what: string) =>
  z
    .array(port())
    .min(1)
    .max(64)
    .check(unique<number>(['*'], [], String, String))
    .optional()
    .describe(what);

/** What nothing can evaluate yet is refused: a rule that is read as if it were not there would protect nothing. */
const notYet = (what: string, reason: string, expected: string) =>
  z
    .unknown()
    .optional()
    .check(
      rule<unknown>([], function* (value) {
        if (value !== undefined) yield { path: [], message: `cannot be evaluated yet: ${reason}`, expected };
      }),
    )
    .describe(`${what} Not supported yet: a policy with it is rejected.`);

const ofToken = (what: string) => notYet(what, 'requests are not authenticated', 'principals, or ipBlocks');

const someCondition = rule<Readonly<Record<string, unknown>>>([], function* (declared) {
  if (Object.values(declared).every((values) => values === undefined))
    yield { path: [], message: 'asks for nothing', expected: 'at least one condition, or no such item' };
});

const source = z
  .strictObject({
    principals: words(
      principalPattern(),
      'SPIFFE ids in the verified certificate of the client; "*" at one end for anything.',
    ),
    notPrincipals: words(principalPattern(), 'None of these SPIFFE ids.'),
    namespaces: words(namespacePattern(), 'Namespaces in the SPIFFE id of the client, in any trust domain.'),
    notNamespaces: words(namespacePattern(), 'None of these namespaces.'),
    serviceAccounts: words(
      serviceAccountPattern(),
      'Service accounts in the SPIFFE id of the client, as <namespace>/<name>, or <name> in the namespace of the policy.',
    ),
    notServiceAccounts: words(serviceAccountPattern(), 'None of these service accounts.'),
    ipBlocks: words(addressBlock(), 'Addresses of the peer of the connection.'),
    notIpBlocks: words(addressBlock(), 'None of these addresses of the peer.'),
    remoteIpBlocks: words(addressBlock(), 'Addresses of the client, as trusted proxies in front tell them.'),
    notRemoteIpBlocks: words(addressBlock(), 'None of these addresses of the client.'),
    issuers: ofToken('Issuers of the token.'),
    notIssuers: ofToken('None of these issuers.'),
    subjects: ofToken('Subjects of the token.'),
    notSubjects: ofToken('None of these subjects.'),
    scopes: ofToken('Scopes of the token.'),
    notScopes: ofToken('None of these scopes.'),
    claims: ofToken('Claims of the token.'),
    notClaims: ofToken('None of these claims.'),
    consumers: ofToken('Consumers by name.'),
    notConsumers: ofToken('None of these consumers.'),
    groups: ofToken('Groups of consumers.'),
    notGroups: ofToken('None of these groups.'),
  })
  .check(someCondition);

const operation = z
  .strictObject({
    hosts: words(hostPattern(), 'Hosts asked for, without port; *.example.com for all below a domain.'),
    notHosts: words(hostPattern(), 'None of these hosts.'),
    ports: ports('Ports of the listener; where the target is a Service, ports of the Service.'),
    notPorts: ports('None of these ports.'),
    methods: words(methodName(), 'Methods, in upper case.'),
    notMethods: words(methodName(), 'None of these methods.'),
    paths: words(
      pathPattern(),
      'Paths without query: /a alone, /a/* all below, *.json all with that end, {*} one segment and {**} any number.',
    ),
    notPaths: words(pathPattern(), 'None of these paths.'),
    grpcServices: words(grpcServicePattern(), 'gRPC services with their package; "*" at one end for anything.'),
    notGrpcServices: words(grpcServicePattern(), 'None of these gRPC services.'),
    grpcMethods: words(grpcMethodPattern(), 'gRPC methods by their bare names; "*" at one end for anything.'),
    notGrpcMethods: words(grpcMethodPattern(), 'None of these gRPC methods.'),
  })
  .check(someCondition);

/** One rule of an AuthorizationPolicy. */
export const authorizationRule = z.strictObject({
  name: sectionName().optional().describe('Name of the rule in logs; absent: rule-<index>.'),
  from: z.array(source).min(1).max(64).optional().describe('Who asks; any one of these. Absent: anybody.'),
  to: z.array(operation).min(1).max(64).optional().describe('What is asked for; any one of these. Absent: anything.'),
  when: notYet('Condition in CEL.', 'expressions are not supported', 'from and to'),
});

/** Who asks, by conditions that all hold. */
export type AuthorizationSource = z.output<typeof source>;

/** What is asked for, by conditions that all hold. */
export type AuthorizationOperation = z.output<typeof operation>;
