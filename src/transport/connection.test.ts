import assert from 'node:assert/strict';
import { createServer, connect as connectSocket, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { bind } from './bind.ts';
import { connect } from './connect.ts';
import { NOBODY, type Connection, type ConnectionObserver } from './connection.ts';
import { fastPath } from './fast-path.ts';
import { openArrival } from './read.ts';

/** Collects what a connection tells. */
class Listener implements ConnectionObserver {
  text = '';
  ended = false;
  error: string | null = null;
  drains = 0;
  /** Called after each of them. */
  changed = (): void => {};

  receive(buffer: Buffer, length: number): void {
    this.text += buffer.latin1Slice(0, length);
    this.changed();
  }

  drained(): void {
    this.drains++;
    this.changed();
  }

  halfClosed(): void {
    this.ended = true;
    this.changed();
  }

  closed(error: string): void {
    this.error = error;
    this.changed();
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.changed = () => {
        if (holds()) resolve();
      };
      this.changed();
    });
  }
}

interface Pair extends AsyncDisposable {
  readonly connection: Connection;
  readonly listener: Listener;
  readonly peer: Socket;
}

/** An accepted connection with the peer that made it. */
const acceptOne = async (): Promise<Pair> => {
  const listener = new Listener();
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const socket = await bind({
    address: '127.0.0.1',
    port: 0,
    shared: false,
    accept: (arrival) =>
      openArrival(arrival, (accepted) => {
        resolve(accepted);
        return listener;
      }),
  });
  const peer = connectSocket({ port: socket.port, host: '127.0.0.1', allowHalfOpen: true });
  peer.on('error', () => {});
  const connection = await promise;
  return {
    connection,
    listener,
    peer,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      peer.destroy();
      connection.destroy();
    },
  };
};

const readAll = async (socket: Socket, length: number): Promise<string> => {
  let text = '';
  for await (const bytes of socket) {
    text += (bytes as Buffer).toString('latin1');
    if (text.length >= length) break;
  }
  return text;
};

for (const enabled of [true, false]) {
  const run = (name: string, body: () => Promise<void>): void => {
    test(`${name}, ${enabled ? 'with the fast paths' : 'by documented ways alone'}`, async () => {
      fastPath.enabled = enabled;
      try {
        await body();
      } finally {
        fastPath.enabled = true;
      }
    });
  };

  run('Connection tells octets and the end of an accepted connection, and answers behind it', async () => {
    await using pair = await acceptOne();
    pair.peer.end('question');
    await pair.listener.until(() => pair.listener.ended);
    assert.equal(pair.listener.text, 'question');
    pair.connection.writeText('ans');
    pair.connection.writeBytes(Buffer.from('wer'));
    pair.connection.end();
    assert.equal(await readAll(pair.peer, 6), 'answer');
    await pair.listener.until(() => pair.listener.error !== null);
    assert.equal(pair.listener.error, '');
  });

  run('Connection is congested while its peer does not read, and drains in order', async () => {
    await using pair = await acceptOne();
    pair.peer.pause();
    let sent = '';
    for (let i = 0; !pair.connection.congested; i++) {
      const piece = `${i % 10}`.repeat(i % 2 === 0 ? 100 : 60_000);
      sent += piece;
      pair.connection.writeBytes(Buffer.from(piece));
      pair.connection.flush();
    }
    assert.ok(pair.connection.queuedBytes > 0);
    const reading = readAll(pair.peer, sent.length);
    await pair.listener.until(() => pair.listener.drains > 0);
    assert.equal(pair.connection.congested, false);
    assert.ok((await reading) === sent);
  });

  run('Connection that is paused before anything came reads nothing until it is resumed', async () => {
    await using pair = await acceptOne();
    pair.connection.pause();
    pair.peer.write('x'.repeat(1000));
    await new Promise((resolve) => pair.peer.write('y', resolve));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(pair.listener.text, '');
    pair.connection.resume();
    await pair.listener.until(() => pair.listener.text.length === 1001);
  });

  run('Connection tells a reset by its code', async () => {
    await using pair = await acceptOne();
    pair.peer.resetAndDestroy();
    await pair.listener.until(() => pair.listener.error !== null);
    assert.equal(pair.listener.error, 'ECONNRESET');
  });

  run('connect makes a connection, or says why not', async () => {
    const server = createServer((socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const listener = new Listener();
    let made: Connection | null = null;
    const observer = {
      connected: (connection: Connection) => {
        made = connection;
        return listener;
      },
      connectFailed: () => assert.fail(),
    };
    connect('127.0.0.1', port, observer);
    await listener.until(() => listener.ended);
    assert.equal(listener.text, 'hello');
    (made as Connection | null)?.destroy();
    await new Promise((resolve) => server.close(resolve));
    const cause = await new Promise((resolve) => {
      connect('127.0.0.1', port, { connected: () => NOBODY, connectFailed: (...failure) => resolve(failure) });
    });
    assert.deepEqual(cause, ['ECONNREFUSED', 'connect']);
  });
}
