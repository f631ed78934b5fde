import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { test, type TestContext } from 'node:test';
import { IDENTITY_PATH } from '#control/publish/identity-exchange.ts';
import { REPORT_PATH } from '#control/publish/workload-report.ts';
import { TestAuthority } from '#identity/testing/authority.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import { DISCOVERY_PATH } from '#xds/discovery-transport.ts';
import { MeshProcesses } from './testing/mesh-processes.ts';

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Calls a method with Node's own HTTP/2, whatever certificate the server shows. @returns the status of the call */
function call(
  t: TestContext,
  port: number,
  path: string,
  body: unknown,
  certificate?: Certificate,
): Promise<{ status: string; message: string }> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...certificate });
  t.after(() => session.destroy());
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
    const settle = (fields: Readonly<Record<string, unknown>>): void => {
      const { 'grpc-status': status, 'grpc-message': message = '' } = fields;
      if (typeof status === 'string' && typeof message === 'string')
        resolve({ status, message: decodeURIComponent(message) });
    };
    stream.on('response', settle).on('trailers', settle).on('error', reject).resume();
    const message = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
  });
}

function certificateOf(authority: TestAuthority, uri: string, notAfterMs = Date.now() + 3_600_000): Certificate {
  const key = WorkloadKey.generate();
  return { cert: authority.issue(key.publicKey, uri, { notAfterMs }), key: key.exportPem() };
}

test('who shows no certificate, or one of another root, may join and nothing else', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const foreign = certificateOf(new TestAuthority('foreign'), 'spiffe://cluster.local/ns/default/sa/cart');
  for (const certificate of [undefined, foreign]) {
    for (const path of [DISCOVERY_PATH, REPORT_PATH])
      assert.equal((await call(t, mesh.port, path, {}, certificate)).status, '12', path);
    const wish = { namespace: 'default', serviceAccount: 'cart', certificateRequest: '' };
    const renewal = await call(t, mesh.port, IDENTITY_PATH, wish, certificate);
    assert.deepEqual([renewal.status, /needs a join token/.test(renewal.message)], ['7', true]);
  }
  await mesh.control.said(/taken for nobody 127\.0\.0\.1: its certificate is not valid/);
});

test(
  'who shows no certificate is not kept for long at the port of the control plane',
  { timeout: 120_000 },
  async (t) => {
    const mesh = await MeshProcesses.start(t);
    const startedMs = performance.now();
    const session = connectHttp2(`https://127.0.0.1:${mesh.port}`, { rejectUnauthorized: false });
    t.after(() => session.destroy());
    session.on('error', () => {});
    await new Promise((resolve) => session.once('close', resolve));
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs > 25_000, `closed after ${tookMs} ms`);
  },
);

test('nonsense on the port of the control plane ends with a reason, and hurts nobody else', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const cases: readonly (readonly [body: unknown, status: string])[] = [
    ['{', '3'],
    ['null', '3'],
    [{ namespace: 'default' }, '3'],
    [{ namespace: 'a/b', serviceAccount: 'c', certificateRequest: '' }, '3'],
    [{ namespace: 'selvage-system', serviceAccount: 'selvage-control', token: 'x', certificateRequest: '' }, '7'],
    [{ namespace: 'default', serviceAccount: 'cart', token: 'svt_', certificateRequest: 'AAAA' }, '7'],
    ['x'.repeat(70_000), '8'],
  ];
  for (const [body, status] of cases)
    assert.equal((await call(t, mesh.port, IDENTITY_PATH, body)).status, status, JSON.stringify(body).slice(0, 80));
  const plain = connectTcp(mesh.port, '127.0.0.1');
  plain.on('error', () => {});
  const closed = new Promise((resolve) => plain.once('close', resolve));
  plain.resume().write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await closed;
  const token = await mesh.token('job');
  assert.equal((await mesh.run(['--service-account', 'job', '--token', token], 'true').ended).code, 0);
});
