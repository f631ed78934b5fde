import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import process from 'node:process';
import { test, type TestContext } from 'node:test';
import { dial, until, type Peer } from './testing/peer.ts';

/*
 * What the gateway holds of a body must not depend on the body: a gibibyte through a process whose memory is watched,
 * and peers that stop reading, after which next to nothing more is taken from the other side.
 */

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** Buffers of the kernel among it: some 4 MiB for each connection of the loopback. */
const STALLED_BYTES = 16 * MIB;
/** What the heap and the pool of slabs may grow by on a busy machine, far below the body. */
const MEMORY_BYTES = 64 * MIB;
const PIECE = Buffer.alloc(256 * 1024, 'x');

/** A gateway in a process of its own, in front of an origin of which `play` plays each connection. */
const startGateway = async (t: TestContext, play: (socket: Socket) => void): Promise<{ port: number; pid: number }> => {
  const origin = createServer({ allowHalfOpen: true }, (socket) => play(socket.on('error', () => {})));
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const script = new URL('./testing/gateway-process.ts', import.meta.url).pathname;
  const port = (origin.address() as AddressInfo).port;
  const child = spawn(process.execPath, [script, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => {
    child.kill('SIGKILL');
    origin.close();
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(line.toString()), pid: child.pid! };
};

/** Resident memory of a process, now or at its highest. */
const residentBytes = (pid: number, field: 'VmRSS' | 'VmHWM'): number => {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(text)![1]) * 1024;
};

/** Writes until `total` octets are given, or the other side takes no more for good. @returns stops it */
const pump = (socket: Socket, total: number): void => {
  let left = total;
  const more = (): void => {
    while (left > 0 && !socket.destroyed) {
      const piece = left >= PIECE.length ? PIECE : PIECE.subarray(0, left);
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
  };
  socket.on('drain', more);
  more();
};

/** Octets that the system took of a socket's writes. */
const taken = (socket: Socket): number => socket.bytesWritten - socket.writableLength;

/** Waits until nothing has moved for a while: how a stall is told from slowness. */
const untilStill = async (read: () => number): Promise<number> => {
  let last = -1;
  let still = 0;
  await until('nothing moves any more', () => {
    const now = read();
    still = now === last ? still + 1 : 0;
    last = now;
    return still > 200;
  });
  return last;
};

const countBytes = (peer: Peer): { bytes: number } => {
  const counted = { bytes: 0 };
  peer.socket.removeAllListeners('data');
  peer.socket.on('data', (chunk: Buffer) => (counted.bytes += chunk.length));
  return counted;
};

const skip = process.platform !== 'linux' && 'reads /proc';

test('a download of a gibibyte passes in bounded memory', { skip }, async (t) => {
  const { port, pid } = await startGateway(t, (socket) =>
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${GIB}\r\n\r\n`);
      pump(socket, GIB);
    }),
  );
  const before = residentBytes(pid, 'VmRSS');
  const client = await dial(port);
  const counted = countBytes(client);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('all came', () => counted.bytes > GIB);
  const grown = residentBytes(pid, 'VmHWM') - before;
  t.diagnostic(`memory grew by ${(grown / MIB).toFixed(0)} MiB`);
  assert.ok(grown < MEMORY_BYTES, `grew by ${(grown / MIB).toFixed(0)} MiB`);
  client.socket.destroy();
});

test('an upload of a gibibyte passes in bounded memory', { skip }, async (t) => {
  const { port, pid } = await startGateway(t, (socket) => {
    let got = 0;
    socket.on('data', (chunk: Buffer) => {
      got += chunk.length;
      if (got > GIB) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  const before = residentBytes(pid, 'VmRSS');
  const client = await dial(port);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${GIB}\r\n\r\n`);
  pump(client.socket, GIB);
  await client.readMessage();
  const grown = residentBytes(pid, 'VmHWM') - before;
  t.diagnostic(`memory grew by ${(grown / MIB).toFixed(0)} MiB`);
  assert.ok(grown < MEMORY_BYTES, `grew by ${(grown / MIB).toFixed(0)} MiB`);
  client.socket.destroy();
});

test('a client that stops reading holds the backend up', { skip }, async (t) => {
  let server: Socket | null = null;
  const { port } = await startGateway(t, (socket) =>
    socket.once('data', () => {
      server = socket;
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${GIB}\r\n\r\n`);
      pump(socket, GIB);
    }),
  );
  const client = await dial(port);
  client.socket.pause();
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('the backend answers', () => server !== null && taken(server) > 0);
  const held = await untilStill(() => taken(server!));
  t.diagnostic(`${(held / MIB).toFixed(1)} MiB taken`);
  assert.ok(held < STALLED_BYTES, `${(held / MIB).toFixed(1)} MiB taken of a backend whose client does not read`);
  const counted = countBytes(client);
  client.socket.resume();
  await until('it goes on when the client reads', () => counted.bytes > held * 2);
  client.socket.destroy();
});

test('a backend that stops reading holds the client up', { skip }, async (t) => {
  let server: Socket | null = null;
  const { port } = await startGateway(t, (socket) => {
    server = socket;
    socket.once('data', () => socket.pause());
  });
  const client = await dial(port);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${GIB}\r\n\r\n`);
  pump(client.socket, GIB);
  await until('the backend is asked', () => server !== null);
  const held = await untilStill(() => taken(client.socket));
  t.diagnostic(`${(held / MIB).toFixed(1)} MiB taken`);
  assert.ok(held < STALLED_BYTES, `${(held / MIB).toFixed(1)} MiB taken of a client whose backend does not read`);
  server!.on('data', () => {}).resume();
  await until('it goes on when the backend reads', () => taken(client.socket) > held * 2);
  client.socket.destroy();
});
