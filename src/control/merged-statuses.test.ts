import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocuments } from '#model/documents.ts';
import { Compiler } from './compile/compiler.ts';
import type { LiveWorkload } from './compile/mesh/live-workload.ts';
import { MeshCompiler } from './compile/mesh/mesh-compiler.ts';
import { mergeStatuses } from './merged-statuses.ts';
import type { ObjectStatus } from './status.ts';

const documents = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  gatewayClassName: selvage
  listeners: [{name: http, port: 8080, protocol: HTTP}]
---
apiVersion: v1
kind: Service
metadata: {name: cart}
spec: {ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: cart}
spec:
  parentRefs: [{name: edge}, {group: "", kind: Service, name: cart}]
  rules: [{backendRefs: [{name: cart, port: 80}]}]
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: {name: cart}
spec: {targetRefs: [{kind: Service, name: cart}], action: ALLOW, rules: [{}]}
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: {name: undeclared}
spec: {targetRefs: [{kind: Service, name: search}], action: ALLOW, rules: [{}]}
`;

const search: LiveWorkload = {
  id: 'search-1',
  principal: 'spiffe://cluster.local/ns/default/sa/search',
  namespace: 'default',
  serviceAccount: 'search',
  service: 'search',
  address: '10.0.0.1',
  meshPort: 15008,
  zone: '',
  ports: [{ port: 8080, protocol: 'http' }],
  state: 'ready',
};

function statuses(): readonly ObjectStatus[] {
  const { resources } = parseDocuments('f.yaml', documents);
  return mergeStatuses(
    new Compiler().compile(resources).statuses,
    new MeshCompiler().compile(resources, [search]).statuses,
  );
}

const find = (name: string, kind: string): ObjectStatus =>
  statuses().find((status) => status.name === name && status.kind === kind)!;

test('mergeStatuses gives a route its state at the Gateway and at the Service', () => {
  const { parents = [] } = find('cart', 'HTTPRoute');
  assert.deepEqual(
    parents.map(({ parentRef, conditions }) => [parentRef.kind, conditions.map(({ type, status }) => type + status)]),
    [
      ['Gateway', ['AcceptedTrue', 'ResolvedRefsTrue']],
      ['Service', ['AcceptedTrue', 'ResolvedRefsTrue']],
    ],
  );
});

test('mergeStatuses gives a policy its state at gateways and at its Service', () => {
  const { ancestors = [], conditions } = find('cart', 'AuthorizationPolicy');
  assert.deepEqual(
    ancestors.map(({ ancestorRef }) => ancestorRef.kind),
    ['Gateway', 'Service'],
  );
  assert.deepEqual(
    conditions.map(({ type, status }) => type + status),
    ['AcceptedTrue'],
  );
});

test('mergeStatuses believes the mesh of a Service that workloads serve and nobody has declared', () => {
  const { ancestors = [], conditions } = find('undeclared', 'AuthorizationPolicy');
  assert.deepEqual([ancestors.length, conditions.map(({ status }) => status)], [1, ['True']]);
});

test('mergeStatuses keeps what is at gateways alone, in the order of the names', () => {
  const names = statuses().map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}`);
  assert.ok(names.includes('Gateway/default/edge'));
  assert.deepEqual(names, names.toSorted());
});
