import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http2Caller } from './testing/http2-peers.ts';
import { COMBINATIONS, startPair } from './testing/pairs.ts';
import { until } from '../data-plane/testing/peer.ts';

/* Whatever is sent piece by piece arrives piece by piece. */

for (const [client, server] of COMBINATIONS) {
  for (const type of ['text/event-stream', 'application/octet-stream']) {
    test(`${client} to ${server}: each piece of ${type} arrives before the next is sent`, async (t) => {
      let next = (): void => {};
      const { gateway } = await startPair(t, server, (_, response) => {
        let sent = 0;
        response.writeHead(200, { 'content-type': type });
        next = () => (sent < 5 ? void response.write(`data: ${sent++}\n\n`) : void response.end());
        next();
      });
      if (client === 'http1') {
        const response = await fetch(`http://127.0.0.1:${gateway.port}/`);
        const reader = response.body!.getReader();
        for (let i = 0; i < 5; i++) {
          assert.equal(Buffer.from((await reader.read()).value).toString(), `data: ${i}\n\n`);
          next();
        }
        assert.ok((await reader.read()).done);
      } else {
        const caller = new Http2Caller(t, gateway.port);
        const call = caller.get('/');
        for (let i = 0; i < 5; i++) {
          await until(`piece ${i}`, () => call.chunks.length > i);
          assert.equal(call.chunks[i]!.toString(), `data: ${i}\n\n`);
          next();
        }
        await call.finish();
        await caller.close();
      }
      assert.equal((await gateway.recorded(1)).error, null);
    });
  }
}
