import { Metadata, status } from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { MeshCompiler } from '#control/compile/mesh/mesh-compiler.ts';
import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import { parseDocuments } from '#model/documents.ts';
import { until } from '../data-plane/testing/peer.ts';
import { echoClient, outcomeOf, startEcho } from '../protocols/testing/echo-service.ts';
import {
  CART,
  declareWorkload,
  deltaOf,
  issueIdentity,
  startInbound,
  startOutbound,
  TestIdentity,
} from './testing/sidecars.ts';

const documents = (port: number): string => `apiVersion: v1
kind: Service
metadata: {name: main, namespace: shop}
spec: {ports: [{name: grpc, port: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: next, namespace: shop}
spec: {ports: [{name: grpc, port: 9000, targetPort: ${port}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: calls, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: main}]
  rules:
    - matches: [{method: {service: test.Echo, method: Unary}}, {method: {service: test.Echo, method: ServerStream}}]
      filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-route, value: calls}]}}]
      backendRefs: [{name: next, port: 9000}]
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: {name: next, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: next}]
  action: ALLOW
  rules: [{name: unary, from: [{serviceAccounts: [cart]}], to: [{grpcMethods: [Unary]}]}]
`;

const NEXT = 'spiffe://mesh.test/ns/shop/sa/next';

/** A service of calls behind its sidecar, and the sidecar of a caller, both told what the compiler makes of the documents. */
const startCalls = async (context: TestContext) => {
  const seen: string[] = [];
  const port = await startEcho(context, {
    unary: (call, done) => {
      seen.push(String(call.metadata.get('x-route')[0]));
      done(null, call.request);
    },
  });
  const identity = new TestIdentity(issueIdentity(NEXT));
  const { inbound, records } = await startInbound(context, declareWorkload([]), identity);
  const workload = (id: string, principal: string, ports: LiveWorkload['ports']): LiveWorkload => ({
    id,
    principal,
    namespace: 'shop',
    serviceAccount: id,
    service: ports.length === 0 ? '' : id,
    address: '127.0.0.1',
    meshPort: inbound.port,
    zone: '',
    ports,
    state: 'ready',
  });
  const { resources } = parseDocuments('f.yaml', documents(port));
  const live = [workload('next', NEXT, [{ port, protocol: 'http2' }]), workload('cart', CART, [])];
  const { shared, namespaces, workloads } = new MeshCompiler().compile(resources, live);
  await inbound.apply(deltaOf([...workloads.get('next')!.resources.values()]));
  const told = new Map([...shared.resources, ...namespaces.get('shop')!.resources]);
  const { outbound } = await startOutbound(context, [...told.values()], undefined, {
    captures: [{ address: '127.0.0.1', port: 0, service: 'shop/main', servicePort: 9000, protocol: 'http' }],
  });
  return { client: echoClient(context, outbound.capturePorts[0]!), seen, records };
};

test('a GRPCRoute leads calls of its methods to another service, which judges them by method', async (context) => {
  const { client, seen, records } = await startCalls(context);
  let answer = '';
  const call = client.unary(Buffer.from('hello'), new Metadata(), {}, (_, message) => (answer = String(message)));
  assert.equal((await outcomeOf(call)).code, status.OK);
  assert.deepEqual([answer, seen], ['hello', ['calls']]);

  const denied = client.serverStream(Buffer.from('hello'));
  denied.on('error', () => {}).resume();
  assert.equal((await outcomeOf(denied)).code, status.PERMISSION_DENIED);
  await until('it is recorded', () => records.exchanges.length === 2);
  assert.equal(records.exchanges.at(-1)!.authorization?.text, 'denied AuthorizationPolicy/shop/next no-rule');

  const unrouted = client.duplex();
  unrouted.on('error', () => {}).resume();
  assert.equal((await outcomeOf(unrouted)).code, status.UNIMPLEMENTED);
  client.close();
});
