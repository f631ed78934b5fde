import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect } from './connect.ts';
import { NOBODY, type Connection, type ConnectionObserver } from './connection.ts';

const listen = async (t: { after(end: () => void): void }): Promise<{ server: Server; port: number }> => {
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { server, port: (server.address() as AddressInfo).port };
};

const connected = (port: number, observer: Partial<ConnectionObserver>): Promise<Connection> =>
  new Promise((resolve, reject) => {
    connect('127.0.0.1', port, {
      connected: (connection) => {
        resolve(connection);
        return { ...NOBODY, ...observer };
      },
      connectFailed: (code) => reject(new Error(code)),
    });
  });

test('connect gives a connection that reads, writes and ends each half', async (t) => {
  const { server, port } = await listen(t);
  server.on('connection', (socket) =>
    socket.on('data', (bytes) => socket.write(bytes)).on('end', () => socket.end('bye')),
  );
  let text = '';
  let halfClosed = 0;
  const closed = new Promise<string>((resolve) => {
    void connected(port, {
      receive: (buffer, length) => (text += buffer.latin1Slice(0, length)),
      halfClosed: () => halfClosed++,
      closed: resolve,
    }).then((connection) => {
      assert.equal(connection.remotePort, port);
      assert.equal(connection.remoteAddress, '127.0.0.1');
      connection.writeText('hello ');
      connection.writeBytes(Buffer.from('world\xff', 'latin1'));
      connection.end();
    });
  });
  assert.equal(await closed, '');
  assert.equal(text, 'hello world\xffbye');
  assert.equal(halfClosed, 1);
});

test('connect tells why it failed, once', async (t) => {
  const { server, port } = await listen(t);
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(connected(port, {}), { message: 'ECONNREFUSED' });
});

test('connect tells nothing when it was given up', async (t) => {
  const { server, port } = await listen(t);
  const pending = connect('127.0.0.1', port, {
    connected: () => assert.fail('was given up'),
    connectFailed: () => assert.fail('was given up'),
  });
  pending.cancel();
  pending.cancel();
  const other = new Promise((resolve) => server.once('connection', resolve));
  const connection = await connected(port, {}); // whatever the first would have told has come before this
  await other;
  connection.destroy();
});

test('a connection that its peer resets is closed with the reason', async (t) => {
  const { server, port } = await listen(t);
  server.on('connection', (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const closed = new Promise<string>((resolve) => {
    void connected(port, { closed: resolve }).then((connection) => connection.writeText('x'));
  });
  assert.equal(await closed, 'ECONNRESET');
});

test('a paused connection reads nothing until it is resumed, not even the end', async (t) => {
  const { server, port } = await listen(t);
  server.on('connection', (socket) => socket.end('x'.repeat(1000)));
  const events: string[] = [];
  let seen = (): void => {};
  const observer: Partial<ConnectionObserver> = {
    receive: (_buffer, length) => events.push(`${length}`),
    halfClosed: () => {
      events.push('end');
      seen();
    },
  };
  const connection = await new Promise<Connection>((resolve) => {
    connect('127.0.0.1', port, {
      connected: (made) => {
        setImmediate(() => made.pause());
        resolve(made);
        return { ...NOBODY, ...observer };
      },
      connectFailed: assert.fail,
    });
  });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const before = events.length;
  await new Promise((resolve) => setTimeout(resolve, 20)); // nothing may happen: only time can tell
  assert.equal(events.length, before);
  const ended = new Promise<void>((resolve) => {
    seen = resolve;
  });
  connection.resume();
  if (!events.includes('end')) await ended;
  assert.equal(events.at(-1), 'end');
  connection.destroy();
});

test('a peer that reads nothing congests a connection, and drains it when it reads', async (t) => {
  const { server, port } = await listen(t);
  let peer: Socket | undefined;
  server.on('connection', (socket) => {
    peer = socket;
    socket.pause();
  });
  let drained = (): void => {};
  const connection = await connected(port, { drained: () => drained() });
  const piece = Buffer.alloc(60_000, 'x');
  let sent = 0;
  while (connection.writeBytes(piece)) sent += piece.length;
  sent += piece.length;
  assert.equal(connection.congested, true);
  assert.ok(connection.queuedBytes > 0);
  let got = 0;
  const writable = new Promise<void>((resolve) => {
    drained = resolve;
  });
  peer!.on('data', (chunk: Buffer) => (got += chunk.length)).resume();
  await writable;
  assert.equal(connection.congested, false);
  const ended = new Promise((resolve) => peer!.once('end', resolve));
  connection.end();
  await ended;
  assert.equal(got, sent);
  peer!.destroy();
});
