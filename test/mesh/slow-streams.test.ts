import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { until } from '../data-plane/testing/peer.ts';
import { ask } from './testing/client.ts';
import { startMesh } from './testing/sidecars.ts';

/** Four full windows of a stream close that of a connection. */
const SLOW = 16;
const UPLOAD_BYTES = 64 * 1024 * 1024;

/** Uploads for as long as it is let. */
class EndlessUpload {
  readonly #socket: Socket;
  sent = 0;

  constructor(context: TestContext, proxyPort: number) {
    this.#socket = connect(proxyPort, '127.0.0.1');
    context.after(() => this.#socket.destroy());
    this.#socket.on('error', () => {});
    this.#socket.write(`POST http://catalog/slow HTTP/1.1\r\nhost: catalog\r\ncontent-length: ${UPLOAD_BYTES}\r\n\r\n`);
    this.#socket.on('drain', () => this.#fill());
    this.#fill();
  }

  #fill(): void {
    const chunk = Buffer.alloc(65_536, 'x');
    while (this.sent < UPLOAD_BYTES) {
      this.sent += chunk.length;
      if (!this.#socket.write(chunk)) return;
    }
  }
}

test(`${SLOW} uploads that the application does not read stop nobody else between the same two sidecars`, async (context) => {
  let stuck = 0;
  const { outbound, inbound } = await startMesh(context, (incoming, response) => {
    if (incoming.url === '/slow') {
      stuck++;
      incoming.pause();
      return;
    }
    let octets = 0;
    incoming.on('data', (chunk: Buffer) => (octets += chunk.length));
    incoming.on('end', () => response.end(String(octets)));
  });
  const uploads = Array.from({ length: SLOW }, () => new EndlessUpload(context, outbound.proxyPort));
  await until('the application has them all', () => stuck === SLOW);
  const sentNow = () => uploads.reduce((sum, { sent }) => sum + sent, 0);
  let last = -1;
  let since = performance.now();
  await until('no upload gets any further', () => {
    if (sentNow() !== last) [last, since] = [sentNow(), performance.now()];
    return performance.now() - since > 300;
  });
  assert.ok(last < SLOW * UPLOAD_BYTES, 'all were taken, so that nothing was slow');
  for (let i = 0; i < 5; i++) {
    const body = 'y'.repeat(1024 * 1024);
    const reply = await ask(outbound.proxyPort, 'http://catalog/', { method: 'POST', body });
    assert.deepEqual([reply.status, reply.body], [200, String(body.length)]);
  }
  assert.equal(inbound.activity.sessions, 1);
});
