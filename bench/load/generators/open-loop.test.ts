import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { runOpenLoop, type OpenLoopLoad, type OpenLoopResult } from './open-loop.ts';

const LOAD = { paths: ['/a', '/b'], ratePerSecond: 200, seconds: 0.4, warmUpSeconds: 0.1, connections: 4 };

async function against(
  answer: (socket: Socket, request: string) => void,
  load: Partial<OpenLoopLoad> = {},
): Promise<OpenLoopResult> {
  const server = createServer((socket) => {
    socket.on('data', (chunk) => answer(socket, chunk.toString('latin1')));
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await runOpenLoop({ ...LOAD, ...load, port: (server.address() as AddressInfo).port });
  } finally {
    server.close();
  }
}

test('runOpenLoop sends all requests in turn and measures those after the warm-up', async () => {
  const seen = new Map<string, number>();
  const result = await against((socket, request) => {
    const path = request.split(' ')[1] ?? '';
    seen.set(path, (seen.get(path) ?? 0) + 1);
    // Head and body apart: an answer may come in any pieces.
    socket.write('HTTP/1.1 200 OK\r\ncontent-le');
    setImmediate(() => socket.write('ngth: 4\r\n\r\nab'));
    setTimeout(() => socket.write('cd'), 1);
  });
  assert.deepEqual(Object.fromEntries(seen), { '/a': 50, '/b': 50 });
  assert.equal(result.measured, 80);
  assert.equal(result.failed + result.unanswered, 0);
  assert.ok(result.p50Us >= 1_000 && result.p50Us <= result.p99Us && result.p99Us <= result.greatestUs);
});

test('runOpenLoop counts the wait of requests that were due while the target stood still', async () => {
  let answered = 0;
  const result = await against(
    (socket) => {
      const ok = (): boolean => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      // The 30th answer takes 200 ms; on one connection the 40 requests due meanwhile wait behind it.
      if (++answered === 30) setTimeout(ok, 200);
      else ok();
    },
    { connections: 1 },
  );
  assert.equal(result.measured, 80);
  assert.ok(result.p90Us > 100_000, `p90 ${result.p90Us}`);
  assert.ok(result.greatestUs > 190_000, `greatest ${result.greatestUs}`);
});

test('runOpenLoop counts answers other than 200 and lost connections as failed', async () => {
  let answered = 0;
  const result = await against((socket) => {
    answered++;
    if (answered === 5) socket.destroy();
    else socket.write(`HTTP/1.1 ${answered === 9 ? 503 : 200} X\r\nContent-Length: 0\r\n\r\n`);
  });
  assert.equal(result.failed, 2);
  assert.equal(result.unanswered, 0);
});
