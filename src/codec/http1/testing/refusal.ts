import assert from 'node:assert/strict';
import { readRequests } from './transcript.ts';

/**
 * Asserts that a connection fails by the peer's fault, at once and octet by octet alike, before the request that hides
 * in the octets is seen.
 * @param seen how many requests may be seen before the failure (their heads may have been valid)
 */
export function assertRefused(wire: string, seen = 0): void {
  for (const sizes of [[], [1], [7]]) {
    const log = readRequests(wire, sizes);
    assert.ok(log.failure !== null && log.failure.code !== 'downstream_closed', `not refused: ${JSON.stringify(wire)}`);
    assert.ok(log.messages.length <= seen, `saw ${log.messages.length} requests: ${JSON.stringify(wire)}`);
    assert.ok(
      log.messages.every(({ complete }, i) => !complete || i < seen - 1),
      'a refused request must not be complete',
    );
  }
}

/** The head of a POST with these lines. */
export function post(lines: string): string {
  return `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
}

/** What an attacker wants to have read as a request of its own. */
export const SMUGGLED = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n';
