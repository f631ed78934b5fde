import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceFile } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

/** Where others reach the workload: another address of this machine than that of its application. */
const ADDRESS = '127.0.0.2';

const CART = `apiVersion: v1
kind: Service
metadata: { name: cart }
spec: { ports: [{ name: web, port: 80, targetPort: PORT }] }
`;

const peers = (spec: string): string => `${CART}---
apiVersion: selvage.dev/v1alpha1
kind: PeerAuthentication
metadata: { name: cart }
spec: { targetRefs: [{ name: cart }], ${spec} }
`;

/** Asks without any identity. @returns status and text, or why nobody answers */
const askPlain = (port: number, path: string, method = 'GET'): Promise<string> =>
  new Promise((resolve) => {
    const asked = request({ host: ADDRESS, port, path, method, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve(response.statusCode === 200 ? `200 ${text}` : String(response.statusCode)));
    });
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end();
  });

const answers = (port: number, path: string, wanted: RegExp): Promise<void> =>
  eventually(async () => {
    const answer = await askPlain(port, path);
    return wanted.test(answer) ? undefined : `${path}: ${answer}`;
  });

test('who may call without an identity is as declared, as soon as that is saved', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const port = await freePort();
  const save = (text: string): void =>
    replaceFile(join(mesh.documents, 'cart.yaml'), text.replace('PORT', String(port)));
  save(CART);
  await mesh.runApplication('cart', port, '--id', 'cart-1', '--address', ADDRESS);
  await mesh.workloads('cart-1 ready');
  const web = await mesh.runCaller('web', 'http://cart/', '--id', 'web-1');
  await web.printed(/^200 /m);
  assert.equal(await askPlain(port, '/'), 'ECONNREFUSED');

  save(peers('mtls: { mode: PERMISSIVE }'));
  await answers(port, '/items', new RegExp(`^200 cart:${port} /items nobody -$`));

  save(peers('exemptPaths: [/healthz]'));
  await answers(port, '/items', /^403$/);
  assert.equal(await askPlain(port, '/healthz'), `200 cart:${port} /healthz nobody -`);
  assert.equal(await askPlain(port, '/healthz', 'POST'), '403');
  assert.equal(await askPlain(port, '/healthz/'), '403');

  // A mistake takes nothing back of what was valid, and adds nothing.
  save(peers('exemptPaths: [/healthz], mtls: { mode: PERMISSIV }'));
  await mesh.control.said(/did you mean PERMISSIVE/);
  assert.equal(await askPlain(port, '/items'), '403');
  assert.match(await askPlain(port, '/healthz'), /^200 /);

  save(CART);
  await answers(port, '/healthz', /^ECONNREFUSED$/);
  for (const line of web.stdout.split('\n').slice(0, -1)) assert.match(line, /^200 /);
});

test('a policy that was never valid opens nothing, whatever the Mesh says, which counts for byte streams too', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const [one, two] = [await freePort(), await freePort()];
  replaceFile(
    join(mesh.documents, 'mesh.yaml'),
    `apiVersion: selvage.dev/v1alpha1
kind: Mesh
metadata: { name: default }
spec: { mtls: { mode: PERMISSIVE } }
---
apiVersion: v1
kind: Service
metadata: { name: pay }
spec: { ports: [{ port: 80, targetPort: ${two}, appProtocol: tcp }] }
---
${peers('exemptPath: [/healthz]').replace('PORT', String(one))}`,
  );
  await mesh.control.said(
    /no caller without an identity is served at Service default\/cart until this policy is valid/,
  );
  await mesh.runApplication('cart', one, '--id', 'cart-1', '--address', ADDRESS);
  await mesh.runApplication('pay', two, '--id', 'pay-1', '--address', ADDRESS);
  await mesh.workloads('cart-1 ready', 'pay-1 ready');
  await answers(two, '/', new RegExp(`^200 pay:${two} / nobody -$`));
  assert.equal(await askPlain(one, '/healthz'), 'ECONNREFUSED');
});
