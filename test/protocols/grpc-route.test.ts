import { Metadata, status } from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFolder, gatewayDocument } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { startGateway } from '../end-to-end/testing/program.ts';
import { echoClient, outcomeOf, startEcho } from './testing/echo-service.ts';

/** @param port of the server of gRPC; nothing says that it speaks HTTP/2 but the kind of the route */
const routeDocuments = (port: number): string => `apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: echo }
spec:
  parentRefs: [{ name: edge }]
  rules:
    - matches: [{ method: { service: test.Echo, method: Unary } }]
      backendRefs: [{ group: selvage.dev, kind: Backend, name: echo }]
---
apiVersion: selvage.dev/v1alpha1
kind: Backend
metadata: { name: echo }
spec:
  endpoints: [{ address: 127.0.0.1, port: ${port} }]
`;

test('a GRPCRoute leads calls of its methods to its backend, by HTTP/2, and others nowhere', async (t) => {
  const port = await freePort();
  const folder = createFolder(t);
  writeFileSync(join(folder, 'gateway.yaml'), gatewayDocument({ port }));
  writeFileSync(join(folder, 'route.yaml'), routeDocuments(await startEcho(t)));
  await startGateway(t, folder);
  const client = echoClient(t, port);
  let answer = '';
  const call = client.unary(Buffer.from('hello'), new Metadata(), {}, (_, message) => (answer = String(message)));
  assert.equal((await outcomeOf(call)).code, status.OK);
  assert.equal(answer, 'hello');
  const duplex = client.duplex();
  duplex.on('error', () => {});
  duplex.resume();
  assert.equal((await outcomeOf(duplex)).code, status.UNIMPLEMENTED);
  client.close();
});
