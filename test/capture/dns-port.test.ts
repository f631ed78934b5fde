import assert from 'node:assert/strict';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { replaceFile } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { MeshProcesses } from '../mesh/testing/mesh-processes.ts';

const ASK_NAMED = join(import.meta.dirname, 'testing/ask-named.mjs');
const WEB = 'spiffe://cluster.local/ns/default/sa/web';

test('--dns-port needs no privilege: a program that asks there reaches services by name', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const [port, servicePort, dnsPort] = [await freePort(), await freePort(), await freePort()];
  const documents = `apiVersion: v1
kind: Service
metadata: { name: cart }
spec: { ports: [{ port: ${servicePort}, targetPort: main }] }
`;
  replaceFile(join(mesh.documents, 'mesh.yaml'), documents);
  await mesh.runApplication('cart', port, '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  const flags = ['--service-account', 'web', '--token', await mesh.token('web'), '--dns-port', String(dnsPort)];
  const command = [ASK_NAMED, String(dnsPort), `http://cart.default.svc:${servicePort}/items`];
  const { stdout, stderr, code } = await mesh.run(flags, process.execPath, ...command).ended;
  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`^127\\.\\d+\\.\\d+\\.\\d+ cart:${port} /items ${WEB} -$`, 'm'));
});
