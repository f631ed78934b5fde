import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { loadAuthorityState } from '#control/authority/authority-state.ts';
import { signingRoot } from '#control/authority/root-rotation.ts';
import { readSigner, signSvid } from '#control/authority/signer.ts';
import { StateFolder } from '#control/authority/state-folder.ts';
import { REPORT_PATH } from '#control/publish/workload-report.ts';
import { openssl, withoutOpenssl } from '#identity/testing/openssl.ts';
import { TestAuthority, id } from '#identity/testing/authority.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import { typeUrlOf } from '#xds/resource-type.ts';
import { X509Certificate } from 'node:crypto';
import { freePort } from '../end-to-end/testing/free-port.ts';
import type { Program } from '../end-to-end/testing/program.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';
import {
  askIdentity,
  call,
  type Certificate,
  joinRaw,
  nodeOf,
  openSession,
  RawDiscovery,
} from './testing/raw-member.ts';

/*
 * Who is taken for whom, with real processes: at the port of a workload, in the place of one, and at the control plane.
 */

const HOUR_MS = 3_600_000;
const WEB = 'spiffe://cluster.local/ns/default/sa/web';

// ── at the port of a workload ──

/** Signs as the mesh's own authority would, whatever it would never sign. */
function forge(mesh: MeshProcesses, uri: string, nowMs = Date.now()): Certificate {
  const root = signingRoot(loadAuthorityState(StateFolder.open(mesh.state))!);
  const signer = readSigner(root.certificate, root.privateKey, '');
  if (typeof signer === 'string') throw new Error(signer);
  const key = WorkloadKey.generate();
  const { certificateChain } = signSvid(signer, id(uri), key.publicKey, nowMs, HOUR_MS);
  return { cert: certificateChain, key: key.exportPem() };
}

function foreign(uri: string): Certificate {
  const key = WorkloadKey.generate();
  return { cert: new TestAuthority('foreign').issue(key.publicKey, uri), key: key.exportPem() };
}

/** Asks a workload's sidecar for `/`, as another sidecar does. @returns what it answers; undefined for nothing */
function knock(
  meshPort: number,
  port: number,
  certificate: Partial<Certificate>,
  { session, ticket }: { readonly session?: Buffer; readonly ticket?: (session: Buffer) => void } = {},
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({
      ...certificate,
      ...(session !== undefined && { session }),
      host: '127.0.0.1',
      port: meshPort,
      servername: `${port}.cart.default.svc`,
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
    });
    socket.on('error', () => resolve(undefined)).once('close', () => resolve(undefined));
    if (ticket !== undefined) socket.on('session', ticket);
    socket.once('secureConnect', () => {
      const client = connectHttp2('https://cart', { createConnection: () => socket });
      client.on('error', () => {}).once('close', () => resolve(undefined));
      const stream = client.request({ ':path': '/', ':authority': 'cart' }).on('error', () => {});
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      stream.on('end', () => {
        if (text !== '') resolve(text);
        client.destroy();
      });
    });
  });
}

async function startCart(t: TestContext) {
  const mesh = await MeshProcesses.start(t);
  const [port, meshPort] = [await freePort(), await freePort()];
  const cart = await mesh.runApplication('cart', port, '--id', 'cart-1', '--mesh-port', String(meshPort));
  await mesh.workloads('cart-1 ready');
  return { mesh, port, meshPort, cart };
}

const strangers: Readonly<Record<string, readonly [(mesh: MeshProcesses) => Partial<Certificate>, RegExp]>> = {
  'no certificate': [() => ({}), /certificate/i],
  'a certificate of a foreign root': [() => foreign(WEB), /UNABLE_TO_/],
  'a certificate that has expired': [(mesh) => forge(mesh, WEB, Date.now() - 5 * HOUR_MS), /CERT_HAS_EXPIRED/],
  'a certificate that is not valid yet': [(mesh) => forge(mesh, WEB, Date.now() + 5 * HOUR_MS), /CERT_NOT_YET_VALID/],
  'a certificate of another trust domain, by the same authority': [
    (mesh) => forge(mesh, 'spiffe://elsewhere.test/ns/default/sa/web'),
    /trust domain elsewhere\.test/,
  ],
};

for (const [what, [make, reason]] of Object.entries(strangers)) {
  test(`a workload serves nobody who shows ${what}, and says why`, async (t) => {
    const { mesh, port, meshPort, cart } = await startCart(t);
    assert.equal(await knock(meshPort, port, make(mesh)), undefined);
    await cart.said(reason);
    assert.equal(await knock(meshPort, port, forge(mesh, WEB)), `cart:${port} / ${WEB} -`);
  });
}

test('an identity that has expired since opens nothing any more', { timeout: 120_000 }, async (t) => {
  const { mesh, port, meshPort } = await startCart(t);
  const nearlyOver = forge(mesh, WEB, Date.now() - HOUR_MS + 3_000);
  assert.equal(await knock(meshPort, port, nearlyOver), `cart:${port} / ${WEB} -`);
  await eventually(async () => ((await knock(meshPort, port, nearlyOver)) === undefined ? undefined : 'still let in'));
});

test(
  'a session that was begun with an identity is not taken up when that has expired',
  { timeout: 120_000 },
  async (t) => {
    const { mesh, port, meshPort } = await startCart(t);
    const briefly = forge(mesh, WEB, Date.now() - HOUR_MS + 4_000);
    const tickets: Buffer[] = [];
    assert.equal(
      await knock(meshPort, port, briefly, { ticket: (session) => tickets.push(session) }),
      `cart:${port} / ${WEB} -`,
    );
    const session = tickets.at(-1);
    assert.ok(session !== undefined, 'it gives no tickets');
    assert.equal(await knock(meshPort, port, briefly, { session }), `cart:${port} / ${WEB} -`);
    await eventually(async () => {
      const answer = await knock(meshPort, port, briefly, { session });
      return answer === undefined || answer.includes('access_denied') ? undefined : answer;
    });
  },
);

// ── in the place of a workload ──

test('who takes the place of a workload is not taken for it', async (t) => {
  const { mesh, port, meshPort, cart } = await startCart(t);
  const web = await mesh.runCaller('web', 'http://cart/', '--id', 'web-1');
  await web.printed(/^200 cart/m);
  cart.kill('SIGKILL');
  await cart.ended;
  // The thief has an identity of this mesh, and the address and ports of the one that is gone.
  let thief: Program | undefined;
  await eventually(async () => {
    thief = await mesh.runApplication('thief', port, '--id', 'thief-1', '--mesh-port', String(meshPort));
    return Promise.race([
      thief.ended.then(({ stderr }) => stderr),
      mesh.workloads('cart-1 leaving', 'thief-1 ready', 'web-1 ready'),
    ]) as Promise<undefined>;
  });
  const from = web.stdout.length;
  await eventually(async () => (web.stdout.slice(from).split('\n').length > 5 ? undefined : 'few requests'));
  assert.doesNotMatch(web.stdout, /thief/);
  assert.match(web.stdout.slice(from), /^50[23] /m);
});

// ── at the control plane ──

test('a join token that has expired opens nothing', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const token = await mesh.token('cart', '--ttl', '1ms');
  assert.equal((await askIdentity(t, mesh, { serviceAccount: 'cart', token })).status, '7');
  await mesh.control.said(/refused .*\/cart: the join token has expired/);
});

test('a join token that was used once opens no other account, and no second time for another key', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const token = await mesh.token('cart', '--uses', '1');
  assert.equal((await askIdentity(t, mesh, { serviceAccount: 'web', token })).status, '7');
  assert.equal((await askIdentity(t, mesh, { serviceAccount: 'cart', token })).status, '0');
  assert.equal((await askIdentity(t, mesh, { serviceAccount: 'web', token })).status, '7');
  assert.equal((await askIdentity(t, mesh, { serviceAccount: 'cart', token })).status, '7');
  await mesh.control.said(/used as often as it may be/);
});

test('who has an identity renews that one and no other', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const certificate = await joinRaw(t, mesh, 'web');
  assert.equal((await askIdentity(t, mesh, { serviceAccount: 'web', certificate })).status, '0');
  assert.equal((await askIdentity(t, mesh, { serviceAccount: 'cart', certificate })).status, '7');
  await mesh.control.said(/refused .*\/cart: the SVID is of spiffe:.*\/web/);
});

test(
  'guesses of join tokens are all refused alike, do not fill the log, and keep nobody else out',
  { timeout: 120_000 },
  async (t) => {
    const mesh = await MeshProcesses.start(t);
    const token = await mesh.token('cart');
    const [, tokenId = ''] = token.split('_');
    const guesses = Array.from({ length: 400 }, (_, i) =>
      i % 2 === 0 ? `svt_${tokenId}_${'0'.repeat(64)}_00000000` : `svt_${String(i).padStart(12, '0')}_x`,
    );
    const answers = await Promise.all(
      guesses.map(async (guess) => {
        const { status, message } = await askIdentity(t, mesh, { serviceAccount: 'cart', token: guess });
        return `${status} ${message}`;
      }),
    );
    assert.deepEqual(
      [...new Set(answers)],
      ["7 the identity is refused: the credential does not prove it (the control plane's log has the reason)"],
    );
    const refusals = mesh.control.stderr.split('\n').filter((line) => line.includes('refused')).length;
    assert.ok(refusals >= 10 && refusals < 150, `${refusals} lines for 400 guesses`);
    assert.equal((await askIdentity(t, mesh, { serviceAccount: 'cart', token })).status, '0');
  },
);

test(
  'a certificate request gets the name that was proven, whatever it wishes for',
  { skip: withoutOpenssl },
  async (t) => {
    const mesh = await MeshProcesses.start(t);
    const token = await mesh.token('cart');
    const wishes = [
      '-subj',
      '/CN=selvage-control',
      '-addext',
      'basicConstraints=critical,CA:TRUE',
      '-addext',
      'keyUsage=critical,keyCertSign,cRLSign',
      '-addext',
      'subjectAltName=URI:spiffe://cluster.local/ns/selvage-system/sa/selvage-control,DNS:*,IP:127.0.0.1',
    ];
    const request = (...key: string[]): Uint8Array =>
      openssl({}, 'req', '-new', '-newkey', ...key, '-nodes', '-keyout', '/dev/null', '-outform', 'DER', ...wishes)
        .output;
    const certificateRequest = request('ec', '-pkeyopt', 'ec_paramgen_curve:P-256');
    const { status, body } = await askIdentity(t, mesh, { serviceAccount: 'cart', token, certificateRequest });
    assert.equal(status, '0');
    const { certificateChain } = JSON.parse(body) as { certificateChain: string };
    const certificate = new X509Certificate(certificateChain);
    assert.equal(certificate.subjectAltName, 'URI:spiffe://cluster.local/ns/default/sa/cart');
    assert.deepEqual([certificate.subject ?? '', certificate.ca], ['', false]);
    for (const weak of [['rsa:1024'], ['ec', '-pkeyopt', 'ec_paramgen_curve:P-224'], ['ed25519']]) {
      const refused = await askIdentity(t, mesh, {
        serviceAccount: 'cart',
        token,
        certificateRequest: request(...weak),
      });
      assert.deepEqual(
        [refused.status, /the key of the certificate request is refused/.test(refused.message)],
        ['7', true],
        weak.join(),
      );
    }
  },
);

test('a workload is shown what is its own, and nothing that is for another one alone', async (t) => {
  const { mesh } = await startCart(t);
  const thief = openSession(t, mesh.port, await joinRaw(t, mesh, 'thief'));
  const workload = typeUrlOf('workload');

  const asCart = new RawDiscovery(thief);
  asCart.say({ node: nodeOf('cart-1'), typeUrl: workload, subscribe: ['*'] });
  await eventually(async () => (asCart.ended === undefined ? 'not ended' : undefined));
  assert.deepEqual([asCart.ended!.status, asCart.responses], ['7', []]);
  assert.match(asCart.ended!.message, /cart-1 belongs to another service account/);

  const own = new RawDiscovery(thief);
  own.say({ node: nodeOf('thief-1'), typeUrl: workload, subscribe: ['*'] });
  await own.answered(1);
  // Whoever it says it is later on this stream, it stays who it was.
  own.say({ node: nodeOf('cart-1'), typeUrl: workload, subscribe: ['default/cart/cart-1'] });
  await own.answered(2);
  own.say({ typeUrl: typeUrlOf('certificate'), subscribe: ['*'] });
  await own.answered(3);
  assert.deepEqual(own.names, ['default/thief/thief-1']);
  assert.deepEqual(own.responses[1]!.removed, ['default/cart/cart-1']);

  const { status } = await call(thief, REPORT_PATH, { id: 'cart-1', state: 'draining' });
  assert.equal(status, '7');
  await mesh.workloads('cart-1 ready', 'thief-1 ready');
});

test('who comes with the id of one that has just left is shown nothing of that one', async (t) => {
  const { mesh } = await startCart(t);
  const session = openSession(t, mesh.port, await joinRaw(t, mesh, 'web'));
  const thief = openSession(t, mesh.port, await joinRaw(t, mesh, 'thief'));
  const workload = typeUrlOf('workload');
  for (let i = 0; i < 20; i++) {
    const one = new RawDiscovery(session);
    one.say({ node: nodeOf(`one-${i}`, { state: 'draining' }), typeUrl: workload, subscribe: ['*'] });
    await one.answered(1);
    assert.deepEqual(one.names, [`default/web/one-${i}`]);
    await mesh.get('workloads');
    one.leave();
    // Within the time in which what follows from its leaving is compiled.
    let other = new RawDiscovery(thief);
    await eventually(async () => {
      if (other.ended !== undefined) other = new RawDiscovery(thief);
      if (other.responses.length > 0) return undefined;
      other.say({ node: nodeOf(`one-${i}`), typeUrl: workload, subscribe: ['*'] });
      await new Promise((resolve) => setImmediate(resolve));
      return 'not admitted yet';
    });
    assert.ok(!other.names.includes(`default/web/one-${i}`), 'shown what is of another account');
    other.leave();
  }
});
