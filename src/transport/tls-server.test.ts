import assert from 'node:assert/strict';
import { connect as connectPlain } from 'node:net';
import { test } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { bind } from './bind.ts';
import { Clock } from './clock.ts';
import type { Arrival } from './arrival.ts';
import { NOBODY, type Connection } from './connection.ts';
import { fastPath } from './fast-path.ts';
import { openArrival } from './read.ts';
import { createCertificate, type TestCertificate } from './testing/certificates.ts';
import { TICKET_MEMORY_BYTES } from './ticket-memory.ts';
import { TlsAccept } from './tls-accept.ts';
import { TlsServer, type TlsListener } from './tls-server.ts';
import type { TlsSession } from './tls-session.ts';
import { TicketKeys } from './tls-ticket-keys.ts';

const authority = createCertificate({ name: 'test authority', isAuthority: true });
const pair = (request: Partial<Parameters<typeof createCertificate>[0]> & { name: string }) =>
  createCertificate({ issuer: authority, alternatives: [request.name], ...request });
const shop = pair({ name: 'shop.example.com' });
const shopRsa = pair({ name: 'shop.example.com', keyType: 'rsa' });
const wildcard = pair({ name: '*.example.com' });
const client = pair({ name: 'client', alternatives: ['spiffe://example.com/ns/a/sa/b', 'client.example.com'] });

const certificate = (name: string, { certificate: certificateChain, key: privateKey }: TestCertificate) =>
  ({ type: 'certificate', name, version: '1', certificateChain, privateKey }) as const;

const listener = (given: Partial<TlsListener>): TlsListener => ({
  name: 'l',
  hostname: '',
  certificates: [certificate('shop', shop)],
  clientValidation: null,
  minVersion: '1.2',
  ...given,
});

const newKeys = (): TicketKeys => new TicketKeys(new SharedArrayBuffer(TICKET_MEMORY_BYTES));

/** A port that answers each read with itself, and what became of its handshakes. */
class EchoPort implements AsyncDisposable {
  readonly sessions: TlsSession[] = [];
  readonly failures: string[] = [];
  readonly #clock = new Clock();
  readonly #connections: Connection[] = [];
  #socket: Awaited<ReturnType<typeof bind>> | null = null;
  #handshake: TlsAccept | null = null;

  async open(
    listeners: readonly TlsListener[],
    options: { alpn?: readonly string[]; keys?: TicketKeys; serverName?: string; looksAt?: number } = {},
  ): Promise<this> {
    const created = TlsServer.create(listeners, options.alpn ?? [], options.keys ?? newKeys());
    assert.deepEqual(created.failures, []);
    const server = created.server!;
    this.#socket = await bind({
      address: '127.0.0.1',
      port: 0,
      shared: false,
      accept: (accepted) =>
        lookAt(accepted, options.looksAt ?? 0, (arrival) => {
          this.#handshake = new TlsAccept(arrival, server, options.serverName ?? null, this.#clock, {
            established: (connection, session) => {
              this.sessions.push(session);
              this.#connections.push(connection);
              return {
                receive: (buffer, length) => connection.writeBytes(Buffer.from(buffer.subarray(0, length))),
                drained: () => {},
                halfClosed: () => connection.end(),
                closed: () => {},
              };
            },
            handshakeFailed: (cause) => this.failures.push(cause),
          });
        }),
    });
    return this;
  }

  get port(): number {
    return this.#socket!.port;
  }

  /** Of the last client. */
  get remoteAddress(): string {
    return this.#connections.at(-1)!.remoteAddress;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.close();
    this.#handshake?.cancel();
    for (const connection of this.#connections) connection.destroy();
    this.#clock.stop();
  }
}

/** Opens a connection in the clear until that many octets came; with 0 not at all. */
const lookAt = (arrival: Arrival, octets: number, then: (arrival: Arrival) => void): void => {
  if (octets === 0) {
    then(arrival);
    return;
  }
  openArrival(arrival, (connection) => ({
    ...NOBODY,
    receive: (buffer, length) => {
      assert.ok(length >= octets);
      connection.presentAs({
        sourceAddress: '203.0.113.9',
        sourcePort: 7,
        destinationAddress: '203.0.113.1',
        destinationPort: 443,
      });
      then({ kind: 'begun', connection, first: Buffer.from(buffer.subarray(0, length)) });
    },
  }));
};

interface Visit {
  readonly echo: string;
  readonly name: string;
  readonly keyType: string;
  readonly protocol: string | null;
  readonly alpn: string | false | null;
  readonly reused: boolean;
  readonly session: Buffer | undefined;
}

/** Connects, says something, and tells what came of it. */
const visit = async (port: number, options: ConnectionOptions = {}, message = 'hello'): Promise<Visit> => {
  const socket: TLSSocket = connect({
    port,
    host: '127.0.0.1',
    ca: authority.certificate,
    servername: 'shop.example.com',
    ...options,
  });
  let session: Buffer | undefined;
  socket.on('session', (given: Buffer) => (session = given));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let echo = '';
  socket.on('secureConnect', () => socket.write(message));
  socket.on('data', (bytes: Buffer) => {
    echo += bytes.toString('latin1');
    if (echo.length === message.length) resolve();
  });
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('closed')));
  try {
    await promise;
    const peer = socket.getPeerX509Certificate(); // none of a session taken up again
    return {
      echo,
      name: (peer?.subject ?? '').replace('CN=', ''),
      keyType: peer?.publicKey.asymmetricKeyType ?? '',
      protocol: socket.getProtocol(),
      alpn: socket.alpnProtocol,
      reused: socket.isSessionReused(),
      session,
    };
  } finally {
    socket.removeAllListeners('close');
    socket.destroy();
  }
};

for (const enabled of [true, false]) {
  const ways = enabled ? 'with the fast paths' : 'by documented ways alone';
  const run = (name: string, body: () => Promise<void>): void => {
    test(`${name}, ${ways}`, async () => {
      fastPath.enabled = enabled;
      try {
        await body();
      } finally {
        fastPath.enabled = true;
      }
    });
  };

  run('TlsAccept speaks TLS 1.3 and 1.2', async () => {
    await using port = await new EchoPort().open([listener({})]);
    for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
      const { protocol, echo } = await visit(port.port, { minVersion: version, maxVersion: version });
      assert.deepEqual([protocol, echo], [version, 'hello']);
    }
    await assert.rejects(
      visit(port.port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
    );
  });

  run('TlsAccept passes a megabyte both ways', async () => {
    await using port = await new EchoPort().open([listener({})]);
    const message = Buffer.alloc(1 << 20, 'abcdefg').toString('latin1');
    const { echo } = await visit(port.port, {}, message);
    assert.ok(echo === message);
  });

  run('TlsAccept chooses certificates by server name: exact, wildcard, else the first', async () => {
    const certificates = [certificate('shop', shop), certificate('wildcard', wildcard)];
    await using port = await new EchoPort().open([listener({ certificates })]);
    const nameFor = async (servername: string) =>
      (await visit(port.port, { servername, checkServerIdentity: () => undefined })).name;
    assert.equal(await nameFor('shop.example.com'), 'shop.example.com');
    assert.equal(await nameFor('Cart.Example.com'), '*.example.com');
    assert.equal(await nameFor('a.b.example.com'), 'shop.example.com');
    assert.equal(await nameFor(''), 'shop.example.com');
  });

  run('TlsAccept shows each client the type of key that it can verify', async () => {
    const certificates = [certificate('ecdsa', shop), certificate('rsa', shopRsa)];
    await using port = await new EchoPort().open([listener({ certificates })]);
    const options = { maxVersion: 'TLSv1.2' } as const;
    assert.equal((await visit(port.port, { ...options, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' })).keyType, 'rsa');
    assert.equal((await visit(port.port, { ...options, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).keyType, 'ec');
    assert.equal((await visit(port.port)).keyType, 'ec');
  });

  run('TlsAccept shows each client the type of key that it can verify, also among names that differ', async () => {
    const certificates = [certificate('wildcard', wildcard), certificate('ecdsa', shop), certificate('rsa', shopRsa)];
    await using port = await new EchoPort().open([listener({ certificates })], { serverName: 'shop.example.com' });
    const options = { maxVersion: 'TLSv1.2' } as const;
    assert.equal((await visit(port.port, { ...options, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' })).keyType, 'rsa');
    assert.equal(
      (await visit(port.port, { ...options, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).name,
      'shop.example.com',
    );
  });

  run('TlsAccept goes on with a connection whose beginning was looked at, as another client', async () => {
    await using port = await new EchoPort().open([listener({})], { looksAt: 5 });
    const { echo } = await visit(port.port);
    await visit(port.port, { maxVersion: 'TLSv1.2' });
    assert.equal(echo, 'hello');
    assert.equal(port.remoteAddress, '203.0.113.9');
  });

  run(
    'TlsAccept agrees on a protocol by ALPN, and refuses clients that offer none it speaks (RFC 7301 §3.2)',
    async () => {
      await using port = await new EchoPort().open([listener({})], { alpn: ['h2', 'http/1.1'] });
      assert.equal((await visit(port.port, { ALPNProtocols: ['http/1.1', 'h2'] })).alpn, 'h2');
      assert.equal((await visit(port.port, { ALPNProtocols: ['http/1.1'] })).alpn, 'http/1.1');
      assert.equal((await visit(port.port)).alpn, false);
      await assert.rejects(visit(port.port, { ALPNProtocols: ['spdy/9'] }), {
        code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
      });
      assert.deepEqual(
        port.sessions.map(({ alpn }) => alpn),
        ['h2', 'http/1.1', ''],
      );
    },
  );

  run('TlsAccept knows a client by its certificate', async () => {
    const clientValidation = { caCertificates: authority.certificate, optional: false };
    await using port = await new EchoPort().open([listener({ clientValidation })]);
    await visit(port.port, { cert: client.certificate, key: client.key });
    const identity = port.sessions[0]!.certificate!;
    assert.equal(identity.subject, 'CN=client');
    assert.deepEqual(identity.uris, ['spiffe://example.com/ns/a/sa/b']);
    assert.deepEqual(identity.dnsNames, ['client.example.com']);
    assert.match(identity.fingerprint, /^[0-9a-f]{64}$/);
  });

  run('TlsAccept lets nobody in without a valid certificate where one is required', async () => {
    const clientValidation = { caCertificates: authority.certificate, optional: false };
    await using port = await new EchoPort().open([listener({ clientValidation })]);
    const stranger = createCertificate({ name: 'stranger' });
    const expired = pair({ name: 'late', days: -1 });
    await assert.rejects(visit(port.port));
    await assert.rejects(visit(port.port, { cert: stranger.certificate, key: stranger.key }));
    await assert.rejects(visit(port.port, { cert: expired.certificate, key: expired.key }));
    assert.deepEqual([port.sessions.length, port.failures.length], [0, 3]);
  });

  run(
    'TlsAccept lets everybody in where a certificate is optional, strangers as nobody, also when they come back',
    async () => {
      const clientValidation = { caCertificates: authority.certificate, optional: true };
      await using port = await new EchoPort().open([listener({ clientValidation })]);
      const stranger = createCertificate({ name: 'stranger' });
      const first = await visit(port.port);
      const second = await visit(port.port, { session: first.session! });
      const third = await visit(port.port, { cert: stranger.certificate, key: stranger.key });
      await visit(port.port, { cert: stranger.certificate, key: stranger.key, session: third.session! });
      const fourth = await visit(port.port, { cert: client.certificate, key: client.key });
      await visit(port.port, { cert: client.certificate, key: client.key, session: fourth.session! });
      assert.equal(second.reused, true);
      const subjects = port.sessions.map(({ certificate: shown }) => shown?.subject ?? null);
      assert.deepEqual(subjects, [null, null, null, null, 'CN=client', 'CN=client']);
    },
  );

  run('TlsAccept takes sessions up again on any thread that shares the ticket key', async () => {
    const memory = new SharedArrayBuffer(TICKET_MEMORY_BYTES);
    await using one = await new EchoPort().open([listener({})], { keys: new TicketKeys(memory) });
    await using other = await new EchoPort().open([listener({})], { keys: new TicketKeys(memory) });
    await using stranger = await new EchoPort().open([listener({})]);
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const { session, reused } = await visit(one.port, { maxVersion });
      assert.equal(reused, false);
      assert.equal((await visit(other.port, { maxVersion, session: session! })).reused, true);
      assert.equal((await visit(stranger.port, { maxVersion, session: session! })).reused, false);
    }
  });

  run('TlsAccept takes no session up again under a key that has been rotated', async () => {
    let nowMs = 1_000_000;
    const keys = new TicketKeys(new SharedArrayBuffer(TICKET_MEMORY_BYTES), () => nowMs);
    await using port = await new EchoPort().open([listener({})], { keys });
    const { session } = await visit(port.port);
    nowMs += 13 * 3600 * 1000;
    assert.equal((await visit(port.port, { session: session! })).reused, false);
  });

  run('TlsAccept takes no session up again where listeners ask clients for different things', async () => {
    const clientValidation = { caCertificates: authority.certificate, optional: false };
    await using port = await new EchoPort().open([
      listener({ name: 'open', hostname: 'shop.example.com' }),
      listener({
        name: 'closed',
        hostname: '*.example.com',
        certificates: [certificate('wildcard', wildcard)],
        clientValidation,
      }),
    ]);
    const open = await visit(port.port);
    await assert.rejects(visit(port.port, { servername: 'x.example.com' }));
    await assert.rejects(visit(port.port, { servername: 'x.example.com', session: open.session! }));
    assert.equal((await visit(port.port, { session: open.session! })).reused, false);
    await visit(port.port, { servername: 'x.example.com', cert: client.certificate, key: client.key });
    assert.deepEqual(
      port.sessions.map((session) => [session.listener, session.isolated]),
      [
        ['open', true],
        ['open', true],
        ['closed', true],
      ],
    );
  });

  run('TlsAccept keeps the lowest version of each listener', async () => {
    await using port = await new EchoPort().open([
      listener({ name: 'old', hostname: 'shop.example.com' }),
      listener({
        name: 'new',
        hostname: 'new.example.com',
        certificates: [certificate('wildcard', wildcard)],
        minVersion: '1.3',
      }),
    ]);
    await visit(port.port, { maxVersion: 'TLSv1.2' });
    await assert.rejects(visit(port.port, { maxVersion: 'TLSv1.2', servername: 'new.example.com' }));
    await visit(port.port, { servername: 'new.example.com' });
  });

  run('TlsAccept lets a client go that ends before the handshake', async () => {
    await using port = await new EchoPort().open([listener({})]);
    const socket = connectPlain(port.port, '127.0.0.1');
    socket.end();
    socket.resume();
    await new Promise((resolve) => socket.on('close', resolve));
    assert.deepEqual(port.failures, ['the client went away']);
  });

  run('TlsAccept reports what is no handshake', async () => {
    await using port = await new EchoPort().open([listener({})]);
    const socket = connectPlain(port.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    assert.equal(port.failures.length, 1);
    assert.match(port.failures[0]!, /^ERR_SSL_/);
  });
}

test('TlsServer.create leaves a listener out whose certificates cannot be used', () => {
  const broken = { ...certificate('broken', shop), privateKey: client.key };
  const { server, failures } = TlsServer.create(
    [listener({}), listener({ name: 'bad', hostname: 'bad.example.com', certificates: [broken] })],
    [],
    newKeys(),
  );
  assert.equal(server?.choose('shop.example.com').listener, 'l');
  assert.equal(failures.length, 1);
  assert.equal(failures[0]!.listener, 'bad');
  assert.match(failures[0]!.message, /private key belongs to another certificate/);
  assert.equal(TlsServer.create([listener({ certificates: [] })], [], newKeys()).server, null);
});

test('TicketKeys gives all threads one key, and another one twelve hours later', () => {
  const memory = new SharedArrayBuffer(TICKET_MEMORY_BYTES);
  let nowMs = 5;
  const [one, other] = [new TicketKeys(memory, () => nowMs), new TicketKeys(memory, () => nowMs)];
  const generation = one.generation();
  assert.equal(other.generation(), generation);
  assert.deepEqual(one.key(), other.key());
  const before = one.key();
  nowMs += 12 * 3600 * 1000;
  assert.notEqual(other.generation(), generation);
  assert.notDeepEqual(one.key(), before);
  assert.deepEqual(one.key(), other.key());
});
