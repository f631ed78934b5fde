import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import test, { type TestContext } from 'node:test';
import { ControlClient, ControlError } from './control-client.ts';

const backend = (port: number): string => `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge }
spec: { gatewayClassName: selvage, listeners: [{ name: http, protocol: HTTP, port: ${port} }] }
`;

function createFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'selvage-control-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function createClient(t: TestContext, deadlineMs?: number): ControlClient {
  const client = new ControlClient(deadlineMs);
  t.after(() => client.close());
  return client;
}

test('ControlClient gives what changed since the state that it is given', async (t) => {
  const folder = createFolder(t);
  const client = createClient(t);
  writeFileSync(join(folder, 'a.yaml'), backend(8080));
  const first = await client.reconcile({ folder, state: null });
  assert.deepEqual(
    first.delta.upserts.map(({ type, name }) => `${type} ${name}`),
    ['listener default/edge/http'],
  );
  const same = await client.reconcile({ folder, state: first.state });
  assert.deepEqual({ ...same.delta }, { version: first.delta.version, upserts: [], removals: [] });
  rmSync(join(folder, 'a.yaml'));
  const gone = await client.reconcile({ folder, state: same.state });
  assert.deepEqual(gone.delta.removals, ['listener default/edge/http']);
});

test('ControlClient keeps the last good form of an object over the life of its process', async (t) => {
  const folder = createFolder(t);
  const client = createClient(t);
  writeFileSync(join(folder, 'a.yaml'), backend(8080));
  const { state } = await client.reconcile({ folder, state: null });
  client.close();
  writeFileSync(join(folder, 'a.yaml'), backend(99_999));
  const { delta, diagnostics } = await client.reconcile({ folder, state });
  assert.deepEqual([...delta.upserts, ...delta.removals], []);
  assert.ok(diagnostics.some(({ severity }) => severity === 'error'));
});

test('ControlClient stops a process that takes too long, and goes on with another', async (t) => {
  const folder = createFolder(t);
  const client = createClient(t, 5000);
  await client.reconcile({ folder, state: null });
  const pid = client.pid as number;
  process.kill(pid, 'SIGSTOP');
  await assert.rejects(
    client.reconcile({ folder, state: null }),
    (error) => error instanceof ControlError && /longer than 5 s/.test(error.message),
  );
  assert.notEqual(client.pid, pid);
  await client.reconcile({ folder, state: null });
});

test('ControlClient asks once more when its process is killed', async (t) => {
  const folder = createFolder(t);
  const client = createClient(t);
  const first = client.reconcile({ folder, state: null });
  process.kill(client.pid as number, 'SIGKILL');
  assert.equal((await first).fileCount, 0);
});
