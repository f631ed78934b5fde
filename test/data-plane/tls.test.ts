import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect as connectTls, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import type { ClusterTls } from '#model/snapshot/cluster.ts';
import { createCertificate } from '#transport/testing/certificates.ts';
import { declareCluster, declareRoute } from './testing/declarations.ts';
import { bothWays, certificate, Edge, ending, listener } from './testing/edge.ts';
import { dial, Peer, until } from './testing/peer.ts';

const authority = createCertificate({ name: 'test authority', isAuthority: true });
const issue = (name: string, alternatives: readonly string[] = [name]) =>
  createCertificate({ name, alternatives, issuer: authority });
const shop = issue('shop.example.com', ['shop.example.com', 'other.example.com']);
const client = issue('caller', ['spiffe://example.com/ns/shop/sa/caller']);

const has = (program: string): boolean => spawnSync(program, ['--version']).status !== null;

interface TlsOrigin {
  readonly port: number;
  readonly sessions: { readonly reused: boolean; readonly client: string }[];
}

/** A TLS server that answers each read of a connection with an empty 200. */
const startOrigin = async (context: TestContext, name = shop, alpn = ['http/1.1']): Promise<TlsOrigin> => {
  const sessions: { reused: boolean; client: string }[] = [];
  const options = {
    cert: name.certificate,
    key: name.key,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: alpn,
  };
  const server = createServer(options, (socket) => {
    sessions.push({ reused: socket.isSessionReused(), client: socket.getPeerX509Certificate()?.subject ?? '' });
    socket.on('error', () => {});
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, sessions };
};

const dialTls = async (
  port: number,
  options: ConnectionOptions = {},
): Promise<Peer & { readonly socket: TLSSocket }> => {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    ca: authority.certificate,
    servername: 'shop.example.com',
    ...options,
  });
  const peer = new Peer(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return peer as Peer & { readonly socket: TLSSocket };
};

const statusOf = async (peer: Peer, host = 'shop.example.com'): Promise<string> => {
  peer.send(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  const { head } = await peer.readMessage();
  return head.slice(9, 12);
};

/** A gateway that ends TLS for one origin. */
const startEdge = async (context: TestContext): Promise<Edge> => {
  const origin = await startOrigin(context);
  const edge = new Edge(context);
  const tls: ClusterTls = {
    hostname: 'shop.example.com',
    caCertificates: authority.certificate,
    subjectAltNames: [],
    clientCertificate: null,
  };
  const report = await edge.apply([
    certificate('shop', shop),
    listener({ protocol: 'HTTPS', tls: ending('shop') }),
    declareRoute({}),
    ...declareCluster({ tls, endpoints: [{ port: origin.port }] }),
  ]);
  assert.deepEqual(report.failures, []);
  return edge;
};

bothWays((way, enter) => {
  test(`an HTTPS listener serves requests one after the other over TLS on both sides, ${way}`, async (context) => {
    enter(context);
    const edge = await startEdge(context);
    const peer = await dialTls(edge.port);
    for (let i = 0; i < 3; i++) assert.equal(await statusOf(peer), '200');
    assert.equal(edge.records[0]!.peer.encrypted, true);
    peer.end();
    assert.equal(await peer.readToEnd(), '');
    await until('no session', () => edge.gateway.activity.sessions === 0);
  });

  test(`a reload shows another certificate to new clients, and keeps the connections of old ones, ${way}`, async (context) => {
    enter(context);
    const edge = await startEdge(context);
    const old = await dialTls(edge.port);
    const renewed = issue('shop.example.com');
    assert.deepEqual(
      (await edge.apply([certificate('shop', renewed), listener({ protocol: 'HTTPS', tls: ending('shop') })])).failures,
      [],
    );
    const fresh = await dialTls(edge.port);
    const serial = (peer: { readonly socket: TLSSocket }) => peer.socket.getPeerX509Certificate()!.serialNumber;
    assert.notEqual(serial(fresh), serial(old));
    assert.equal(await statusOf(old), '200');
    assert.equal(await statusOf(fresh), '200');
    old.socket.destroy();
    fresh.socket.destroy();
  });

  test(`a listener that asks for client certificates tells who the client is, ${way}`, async (context) => {
    enter(context);
    const edge = await startEdge(context);
    const clientValidation = { caCertificates: authority.certificate, optional: false };
    await edge.apply([listener({ protocol: 'HTTPS', tls: { ...ending('shop'), clientValidation } })]);
    const peer = await dialTls(edge.port, { cert: client.certificate, key: client.key });
    assert.equal(await statusOf(peer), '200');
    const { tls } = (edge.records[0] as unknown as { peer: { tls: { certificate: { uris: string[] } } } }).peer;
    assert.deepEqual(tls.certificate.uris, ['spiffe://example.com/ns/shop/sa/caller']);
    peer.socket.destroy();
    const nobody = await dialTls(edge.port).catch(() => null); // TLS 1.3 tells the client only behind its handshake
    await nobody?.untilClosed();
    await until('the failure counted', () => edge.warnings.length === 1);
  });

  test(`a backend is verified before anything is sent to it, ${way}`, async (context) => {
    enter(context);
    const origin = await startOrigin(context);
    const good: ClusterTls = {
      hostname: 'shop.example.com',
      caCertificates: authority.certificate,
      subjectAltNames: [],
      clientCertificate: null,
    };
    const cases: readonly (readonly [tls: Partial<ClusterTls>, status: string, cause: RegExp])[] = [
      [{}, '200', /^$/],
      [{ hostname: 'wrong.example.com' }, '502', /ERR_TLS_CERT_ALTNAME_INVALID/],
      [
        { caCertificates: createCertificate({ name: 'stranger', isAuthority: true }).certificate },
        '502',
        /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER/,
      ],
      [{ caCertificates: null }, '502', /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER/],
      [
        { hostname: 'wrong.example.com', subjectAltNames: [{ type: 'Hostname', value: 'other.example.com' }] },
        '200',
        /^$/,
      ],
      [
        { subjectAltNames: [{ type: 'URI', value: 'spiffe://example.com/a' }] },
        '502',
        /is for .*, not for spiffe:\/\/example\.com\/a$/,
      ],
      [{ clientCertificate: 'missing' }, '502', /certificate missing is not known/],
    ];
    const edge = new Edge(context);
    await edge.apply([listener({}), declareRoute({})]);
    for (const [tls, status, cause] of cases) {
      await edge.apply(declareCluster({ tls: { ...good, ...tls }, endpoints: [{ port: origin.port }] }));
      const peer = await dial(edge.port);
      assert.equal(await statusOf(peer), status);
      const record = edge.records.at(-1)!;
      assert.match(record.error?.cause ?? '', cause);
      if (status === '502') assert.equal(record.error?.code, 'upstream_tls_failed');
      peer.socket.destroy();
    }
  });

  test(`a backend sees the client certificate that is declared, also when that is renewed, ${way}`, async (context) => {
    enter(context);
    const origin = await startOrigin(context);
    const tls: ClusterTls = {
      hostname: 'shop.example.com',
      caCertificates: authority.certificate,
      subjectAltNames: [],
      clientCertificate: 'own',
    };
    const edge = new Edge(context);
    await edge.apply([
      certificate('own', client),
      listener({}),
      declareRoute({}),
      ...declareCluster({ tls, endpoints: [{ port: origin.port }] }),
    ]);
    const peer = await dial(edge.port);
    assert.equal(await statusOf(peer), '200');
    await edge.apply([certificate('own', issue('caller-2'))]);
    assert.equal(await statusOf(peer), '200', String(edge.records.at(-1)?.error?.cause));
    assert.deepEqual(
      origin.sessions.map((session) => session.client),
      ['CN=caller', 'CN=caller-2'],
    );
    peer.socket.destroy();
  });
});

test('a request for a host of another listener than its connection is misdirected (RFC 9110 §15.5.20)', async (context) => {
  const edge = await startEdge(context);
  await edge.apply(
    [
      listener({ name: 'one', protocol: 'HTTPS', hostname: 'shop.example.com', tls: ending('shop') }),
      listener({ name: 'two', protocol: 'HTTPS', hostname: 'other.example.com', tls: ending('shop') }),
      {
        ...declareRoute({}),
        attachments: [
          { listener: 'one', hostnames: ['*'] },
          { listener: 'two', hostnames: ['*'] },
        ],
      },
    ],
    ['listener test/edge/http'],
  );
  const peer = await dialTls(edge.port);
  assert.equal(await statusOf(peer, 'shop.example.com'), '200');
  assert.equal(await statusOf(peer, 'other.example.com'), '421');
  assert.equal(await statusOf(peer, 'unknown.example.com'), '404');
  peer.socket.destroy();
});

test('a listener without a usable certificate is reported, and others of its port go on', async (context) => {
  const edge = new Edge(context);
  const broken = { ...certificate('broken', shop), privateKey: client.key };
  const report = await edge.apply([
    certificate('shop', shop),
    broken,
    listener({ name: 'good', protocol: 'HTTPS', hostname: 'shop.example.com', tls: ending('shop') }),
    listener({ name: 'bad', protocol: 'HTTPS', hostname: 'bad.example.com', tls: ending('broken') }),
    listener({ name: 'none', protocol: 'HTTPS', hostname: 'none.example.com', tls: ending('missing') }),
  ]);
  assert.deepEqual(
    report.failures.map((failure) => failure.listener),
    ['bad', 'none'],
  );
  const peer = await dialTls(edge.port);
  assert.equal(await statusOf(peer), '404');
  peer.socket.destroy();
});

test('a listener whose renewed certificate cannot be used goes on with the old one', async (context) => {
  const edge = await startEdge(context);
  const report = await edge.apply([
    { ...certificate('shop', shop), privateKey: client.key },
    listener({ protocol: 'HTTPS', tls: ending('shop') }),
  ]);
  assert.equal(report.failures.length, 1);
  const peer = await dialTls(edge.port);
  assert.equal(await statusOf(peer), '200');
  peer.socket.destroy();
});

test('metrics say when certificates expire', async (context) => {
  const edge = await startEdge(context);
  const seconds = edge.count('selvage_certificate_expiry_seconds');
  assert.ok(Math.abs(seconds - Date.now() / 1000 - 86_400) < 60);
});

test('curl speaks HTTP/1.1 and HTTP/2 with an HTTPS listener', { skip: !has('curl') }, async (context) => {
  const edge = await startEdge(context);
  const folder = mkdtempSync(join(tmpdir(), 'selvage-tls-'));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  for (const [flag, version] of [
    ['--http1.1', '1.1'],
    ['--http2', '2'],
  ] as const) {
    const address = `shop.example.com:${edge.port}`;
    const args = [
      '-s',
      flag,
      '--cacert',
      join(folder, 'ca.pem'),
      '--resolve',
      `${address}:127.0.0.1`,
      '-w',
      '%{http_code} %{http_version}',
      `https://${address}/`,
    ];
    const { stdout } = await promisify(execFile)('curl', args);
    assert.equal(stdout, `200 ${version}`);
  }
});

test(
  'openssl finds an HTTPS listener without renegotiation, and with TLS 1.2 and 1.3 alone',
  { skip: !has('openssl') },
  async (context) => {
    const edge = await startEdge(context);
    const ask = async (...args: readonly string[]): Promise<string> => {
      const ran = promisify(execFile)('openssl', ['s_client', '-connect', `127.0.0.1:${edge.port}`, ...args]);
      ran.child.stdin?.end(args.includes('-tls1_2') ? 'R\n' : '');
      return ran.then(
        ({ stdout, stderr }) => stdout + stderr,
        (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
      );
    };
    assert.match(await ask('-tls1_3'), /TLSv1.3/);
    assert.match(await ask('-tls1_2'), /no renegotiation|RENEGOTIATING/i);
    assert.doesNotMatch(await ask('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'), /Cipher is ECDHE/);
  },
);
