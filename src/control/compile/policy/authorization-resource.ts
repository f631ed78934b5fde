import type { AuthorizationOperation, AuthorizationSource } from '#model/policy/authorization-rule.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { DeepReadonly } from '#model/schema/freeze.ts';
import type {
  AuthorizationAttribute,
  AuthorizationCondition,
  AuthorizationResource,
  AuthorizationRule,
} from '#model/snapshot/authorization.ts';
import { versioned } from '../version.ts';
import { nameOfRejected } from './authorization-levels.ts';
import type { RejectedPolicy } from './rejected-policies.ts';

export type AuthorizationPolicy = ResourceOf<'AuthorizationPolicy'>;

type Source = DeepReadonly<AuthorizationSource>;
type Operation = DeepReadonly<AuthorizationOperation>;
type Pairs<T> = readonly (readonly [attribute: AuthorizationAttribute, values: keyof T, excluded: keyof T])[];

const ofSource: Pairs<Source> = [
  ['principal', 'principals', 'notPrincipals'],
  ['namespace', 'namespaces', 'notNamespaces'],
  ['serviceAccount', 'serviceAccounts', 'notServiceAccounts'],
  ['ip', 'ipBlocks', 'notIpBlocks'],
  ['remoteIp', 'remoteIpBlocks', 'notRemoteIpBlocks'],
];

const ofOperation: Pairs<Operation> = [
  ['host', 'hosts', 'notHosts'],
  ['port', 'ports', 'notPorts'],
  ['method', 'methods', 'notMethods'],
  ['path', 'paths', 'notPaths'],
  ['grpcService', 'grpcServices', 'notGrpcServices'],
  ['grpcMethod', 'grpcMethods', 'notGrpcMethods'],
];

/** Compiles a policy. */
export function compileAuthorization({ metadata, spec }: AuthorizationPolicy): AuthorizationResource {
  const { action, auditedAction = 'DENY', exemptPaths, rules } = spec;
  return versioned<AuthorizationResource>({
    type: 'authorization',
    name: `AuthorizationPolicy/${metadata.namespace}/${metadata.name}`,
    action: action === 'AUDIT' ? auditedAction : action,
    audit: action === 'AUDIT',
    exemptPaths,
    rules: rules.map(({ name = '', from = [], to = [] }, i): AuthorizationRule => ({
      name: name === '' ? `rule-${i}` : name,
      from: from.map((source) => conditionsOf(withNamespace(source, metadata.namespace), ofSource)),
      to: to.map((operation) => conditionsOf(operation, ofOperation)),
    })),
    fault: null,
  });
}

/** Makes what refuses everything in the name of a policy that was never valid. */
export function compileRejected(policy: RejectedPolicy): AuthorizationResource {
  return versioned<AuthorizationResource>({
    type: 'authorization',
    name: nameOfRejected(policy),
    action: 'DENY',
    audit: false,
    exemptPaths: [],
    rules: [],
    fault: policy.source.message,
  });
}

function conditionsOf<T>(declared: T, pairs: Pairs<T>): readonly AuthorizationCondition[] {
  return pairs.flatMap(([attribute, values, excluded]) => [
    ...conditionOf(attribute, false, declared[values]),
    ...conditionOf(attribute, true, declared[excluded]),
  ]);
}

function conditionOf(attribute: AuthorizationAttribute, negated: boolean, values: unknown): AuthorizationCondition[] {
  return Array.isArray(values) ? [{ attribute, negated, values: values.map(String) }] : [];
}

/** A name alone is a service account of the policy's namespace. */
function withNamespace(source: Source, namespace: string): Source {
  const complete = (names: readonly string[]) =>
    names.map((name) => (name.includes('/') ? name : `${namespace}/${name}`));
  const { serviceAccounts, notServiceAccounts } = source;
  return {
    ...source,
    ...(serviceAccounts !== undefined && { serviceAccounts: complete(serviceAccounts) }),
    ...(notServiceAccounts !== undefined && { notServiceAccounts: complete(notServiceAccounts) }),
  };
}
