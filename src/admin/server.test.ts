import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { snapshotKey, type SnapshotResource } from '#model/snapshot/snapshot.ts';
import { RequestMetrics } from '#telemetry/request-metrics.ts';
import { sampleRecord } from '#telemetry/sample-record.ts';
import { AdminConnection } from './connection.ts';
import { createAdminServer, type AdminServerOptions } from './server.ts';
import type { AdminSources } from './sources.ts';

const SOURCES: AdminSources = {
  ready: () => ({ ready: true, reasons: [] }),
  metrics: () => {
    const metrics = new RequestMetrics();
    metrics.record(sampleRecord());
    return Promise.resolve(metrics.collect());
  },
  status: () => ({ objects: [{ name: 'HTTPRoute/shop/cart', conditions: [] }] }),
  snapshot: () => null,
  version: () => '1.2.3',
};

/** Of CN=shop.example, signed by itself; its key is nowhere. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBnjCCAUSgAwIBAgIUElY9n3bJopumvQ9kQfDY6Ax8zv4wCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMc2hvcC5leGFtcGxlMCAXDTI2MTEyMzA3NTQ1MVoYDzIxMjYx
MDMwMDc1NDUxWjAXMRUwEwYDVQQDDAxzaG9wLmV4YW1wbGUwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAATl5w2sHRXhV37vebGd5YHtlTAlcaHT2mO2mbYuwfidWU9B
9YLKfCd1gBciB8ZdGbD1IL8SPaBqNtqlyOUjLerWo2wwajAdBgNVHQ4EFgQUpBAj
Sr1rB9UBtVgOq2jDYQ5PbskwHwYDVR0jBBgwFoAUpBAjSr1rB9UBtVgOq2jDYQ5P
bskwDwYDVR0TAQH/BAUwAwEB/zAXBgNVHREEEDAOggxzaG9wLmV4YW1wbGUwCgYI
KoZIzj0EAwIDSAAwRQIgS36L6+wEuxW1vjWgp9lPha5OG+tcPY+gCrHyDu/cKekC
IQDZefQWZpuHBUOXpyJPPcPDfV/FKOB3Ywb3+PuffMV+PA==
-----END CERTIFICATE-----
`;

const start = async (
  t: TestContext,
  sources: Partial<AdminSources> = {},
  options: Partial<AdminServerOptions> = {},
): Promise<number> => {
  const server = createAdminServer({ sources: { ...SOURCES, ...sources }, port: 0, ...options });
  t.after(() => server.close());
  return (await server.listen()).port;
};

/** Sends octets and gathers all that comes until the server closes. */
const exchange = async (
  port: number,
  octets: string,
  options: { readonly host?: string; readonly piecewise?: boolean } = {},
): Promise<string> => {
  const socket: Socket = connect(port, options.host ?? '127.0.0.1');
  socket.setNoDelay();
  socket.on('error', () => {});
  if (options.piecewise === true) {
    for (const octet of octets) {
      socket.write(octet);
      await delay(0);
    }
  } else socket.write(octets);
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += String(chunk);
  return text;
};

interface Response {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

const parse = (text: string): Response => {
  const [head, body] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)];
  const [statusLine, ...lines] = head.split('\r\n');
  const fields = Object.fromEntries(lines.map((line) => line.split(': ') as [string, string]));
  return { status: Number(statusLine!.split(' ')[1]), fields, body };
};

const ask = async (port: number, target: string, extra = '', method = 'GET'): Promise<Response> =>
  parse(await exchange(port, `${method} ${target} HTTP/1.1\r\nhost: localhost\r\n${extra}\r\n`));

test('AdminServer says that the process lives, and its version', async (t) => {
  const port = await start(t);
  const health = await ask(port, '/healthz');
  assert.equal(health.status, 200);
  assert.equal(health.body, 'ok\n');
  assert.equal(health.fields['connection'], 'close');
  assert.equal(health.fields['cache-control'], 'no-store');
  const version = await ask(port, '/version?x=1');
  assert.deepEqual(JSON.parse(version.body), { name: 'selvage', version: '1.2.3', node: process.versions.node });
});

test('AdminServer answers what curl asks, also over HTTP/1.0 and HEAD', async (t) => {
  const port = await start(t);
  const run = async (args: readonly string[]): Promise<string> => {
    const url = `http://127.0.0.1:${port}/healthz`;
    const { stdout } = await promisify(execFile)('curl', ['-s', '--max-time', '5', ...args, url]);
    return stdout;
  };
  assert.equal(await run([]), 'ok\n');
  assert.equal(await run(['--http1.0']), 'ok\n');
  assert.match(await run(['--head']), /^HTTP\/1\.1 200 OK\r\n[^]*content-length: 3\r\n/);
});

test('AdminServer is ready when its source is, and says why not', async (t) => {
  let ready = true;
  const port = await start(t, { ready: () => (ready ? { ready, reasons: [] } : { ready, reasons: ['draining'] }) });
  assert.equal((await ask(port, '/readyz')).status, 200);
  ready = false;
  const refusal = await ask(port, '/readyz');
  assert.equal(refusal.status, 503);
  assert.deepEqual(JSON.parse(refusal.body), { ready: false, reasons: ['draining'] });
});

test('AdminServer gives metrics in the format that is asked for', async (t) => {
  const port = await start(t);
  const plain = await ask(port, '/metrics');
  assert.equal(plain.fields['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(plain.body, /^istio_requests_total\{reporter="source",.*\} 1$/m);
  const open = await ask(port, '/metrics', 'accept: application/openmetrics-text\r\n');
  assert.match(open.fields['content-type']!, /^application\/openmetrics-text/);
  assert.ok(open.body.endsWith('# EOF\n'));
});

test('AdminServer gives the status that control reported', async (t) => {
  const port = await start(t);
  const status = await ask(port, '/status');
  assert.equal(status.fields['content-type'], 'application/json');
  assert.deepEqual(JSON.parse(status.body), SOURCES.status());
});

test('AdminServer shows no key and no declared secret in /snapshot', async (t) => {
  const privateKey = '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n';
  const resources = [
    { type: 'certificate', name: 'Secret/shop/tls', version: '1', certificateChain: CERTIFICATE, privateKey },
    {
      type: 'http-route',
      name: 'shop/cart',
      version: '2',
      rules: [
        {
          filters: [
            {
              type: 'RequestHeaderModifier',
              set: [
                { name: 'authorization', value: 'Bearer s3cret' },
                { name: 'x-zone', value: 'a' },
              ],
            },
          ],
        },
      ],
    },
  ] as unknown as SnapshotResource[];
  const snapshot = { version: '7', resources: new Map(resources.map((resource) => [snapshotKey(resource), resource])) };
  const port = await start(t, { snapshot: () => snapshot });
  const { status, body } = await ask(port, '/snapshot');
  assert.equal(status, 200);
  assert.doesNotMatch(body, /PRIVATE|BEGIN|s3cret/);
  assert.ok(!body.includes('bm90IGEga2V5'));
  const dump = JSON.parse(body) as { version: string; resources: Record<string, unknown>[] };
  assert.equal(dump.version, '7');
  const [certificate] = dump.resources[0]!['certificates'] as Record<string, string>[];
  assert.equal(certificate!['subject'], 'CN=shop.example');
  assert.equal(certificate!['subjectAltName'], 'DNS:shop.example');
  assert.match(certificate!['notAfter']!, /^2126-/);
  assert.match(body, /"name": "x-zone",\s+"value": "a"/);
});

test('AdminServer refuses hosts that a page on the web could bring (DNS rebinding)', async (t) => {
  const port = await start(t);
  const refused = parse(await exchange(port, 'GET /status HTTP/1.1\r\nhost: evil.example\r\n\r\n'));
  assert.equal(refused.status, 421);
  assert.equal(refused.fields['content-type'], 'application/problem+json');
  const absolute = parse(await exchange(port, 'GET http://evil.example/status HTTP/1.1\r\nhost: localhost\r\n\r\n'));
  assert.equal(absolute.status, 421);
});

test('AdminServer refuses unknown pages and other methods', async (t) => {
  const port = await start(t);
  const missing = await ask(port, '/nothing');
  assert.equal(missing.status, 404);
  assert.equal((JSON.parse(missing.body) as { status: number }).status, 404);
  const posted = parse(
    await exchange(port, 'POST /status HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\n\r\nabc'),
  );
  assert.equal(posted.status, 405);
  assert.equal(posted.fields['allow'], 'GET, HEAD');
});

test('AdminServer answers malformed and oversized requests, and closes', async (t) => {
  const port = await start(t);
  const cases: readonly (readonly [octets: string, status: number])[] = [
    ['GET /healthz\r\n\r\n', 400],
    ['GET /healthz HTTP/1.1\r\n\r\n', 400],
    [`GET /${'a'.repeat(4000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`, 414],
    [`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    [`POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n${'a'.repeat(100_000)}`, 413],
    ['GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n', 417],
  ];
  for (const [octets, status] of cases) {
    assert.equal(parse(await exchange(port, octets)).status, status, octets.slice(0, 60));
  }
});

test('AdminServer reads a request that comes in single octets', async (t) => {
  const port = await start(t);
  const octets = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n';
  assert.equal(parse(await exchange(port, octets, { piecewise: true })).status, 200);
});

test('AdminServer answers one request of a connection, whatever is pipelined behind it', async (t) => {
  const port = await start(t);
  const one = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n';
  const text = await exchange(port, one + one);
  assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 1);
});

test('AdminServer answers 408 to a request that does not come (slowloris)', async (t) => {
  const port = await start(t, {}, { requestTimeoutMs: 30 });
  assert.equal(parse(await exchange(port, 'GET /healthz HTTP/1.1\r\nhost: loc')).status, 408);
});

test('AdminConnection cuts off who does not take the answer', async (t) => {
  const server = createServer();
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  client.on('error', () => {});
  t.after(() => client.destroy());
  const [socket] = (await once(server, 'connection')) as [Socket];
  const body = 'x'.repeat(20_000_000);
  void new AdminConnection(socket, {
    answer: () => ({ status: 200, contentType: 'text/plain', body }),
    report: (error) => assert.fail(String(error)),
    requestTimeoutMs: 10_000,
    answerTimeoutMs: 50,
  });
  client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(socket, 'close');
  assert.ok(socket.bytesWritten > 0);
});

test('AdminServer hides what failed, and reports it', async (t) => {
  const reported: unknown[] = [];
  const failure = new Error('inner secret');
  const port = await start(t, { metrics: () => Promise.reject(failure) }, { report: (error) => reported.push(error) });
  const refused = await ask(port, '/metrics');
  assert.equal(refused.status, 500);
  assert.doesNotMatch(refused.body, /inner secret/);
  assert.deepEqual(reported, [failure]);
});

test('AdminServer says why it cannot bind, and what to do', async (t) => {
  const port = await start(t);
  const second = createAdminServer({ sources: SOURCES, port });
  await assert.rejects(second.listen(), {
    message: `cannot bind 127.0.0.1:${port}: address in use (another process listens there; choose another with --admin-port)`,
  });
  await second.close();
});

test('AdminServer ends open connections when it closes', async () => {
  const server = createAdminServer({ sources: SOURCES, port: 0 });
  const { port } = await server.listen();
  const answer = exchange(port, 'GET /healthz HTTP/1.1\r\n');
  await ask(port, '/healthz'); // accepted later than the one before
  await server.close();
  assert.equal(await answer.catch(() => ''), '');
  await server.close();
});

test('what a process can be told to do needs its token, and no page of a browser gets it done', async (t) => {
  const token = `sva_${'ab'.repeat(32)}`;
  const told: unknown[] = [];
  const port = await start(t, {
    actions: {
      token,
      byPath: new Map([
        [
          '/do',
          (request) => (request['no'] === 1 ? { status: 409, refusal: 'not now' } : { done: told.push(request) }),
        ],
      ]),
    },
  });
  const ask = (method: string, content = '', ...fields: string[]): Promise<string> => {
    const head = [
      `${method} /do HTTP/1.1`,
      'host: localhost',
      `content-length: ${Buffer.byteLength(content)}`,
      ...fields,
    ];
    return exchange(port, `${head.join('\r\n')}\r\n\r\n${content}`);
  };
  const authorization = `authorization: Bearer ${token}`;
  for (const wrong of [
    [],
    ['authorization: Bearer '],
    [`authorization: Bearer ${token}0`],
    [`authorization: Basic ${token}`],
  ])
    assert.match(await ask('POST', '{}', ...wrong), /^HTTP\/1\.1 401 [^]*www-authenticate: Bearer/);
  assert.match(await ask('OPTIONS', '', 'origin: http://page.example'), /^HTTP\/1\.1 405 (?![^]*access-control)/);
  assert.match(await ask('GET', '', authorization), /^HTTP\/1\.1 405 [^]*allow: POST/);
  assert.match(await ask('POST', '[1]', authorization), /^HTTP\/1\.1 400 /);
  assert.match(await ask('POST', '{"no":1}', authorization), /^HTTP\/1\.1 409 [^]*not now/);
  const foreign = `POST /do HTTP/1.1\r\nhost: page.example\r\ncontent-length: 0\r\n${authorization}\r\n\r\n`;
  assert.match(await exchange(port, foreign), /^HTTP\/1\.1 421 /);
  assert.deepEqual(told, []);
  assert.match(await ask('POST', '{"yes":"ä"}', authorization), /^HTTP\/1\.1 200 /);
  assert.match(await ask('POST', '', authorization), /^HTTP\/1\.1 200 /);
  assert.deepEqual(told, [{ yes: 'ä' }, {}]);
});
