import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENHANCE_YOUR_CALM } from '../error-code.ts';
import { CONTINUATION, HEADERS } from '../frame/frame-type.ts';
import { frame } from '../testing/frames.ts';
import { createServer } from '../testing/recording.ts';

// VU#421644 (CVE-2024-24549, CVE-2024-27316, …): CONTINUATION frames without end, each empty or full.

for (const [name, payload, frames] of [
  ['empty', '', 16],
  ['small', '\x40\x01a\x01b', 16],
  ['full', Buffer.from('\0\x01a\x01b'.repeat(3276), 'latin1'), 4],
] as const) {
  test(`Http2Connection ends at CONTINUATION frames without end, ${name} ones`, () => {
    const server = createServer();
    server.receive(frame(HEADERS, 0, 1));
    let sent = 0;
    while (server.failure === null && sent < 1000) {
      server.receive(frame(CONTINUATION, 0, 1, payload));
      sent++;
    }
    assert.equal(server.goAwayCode(), ENHANCE_YOUR_CALM);
    assert.equal(sent, frames + 1);
  });
}
