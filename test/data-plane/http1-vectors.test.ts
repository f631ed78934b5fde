import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test, type TestContext } from 'node:test';
import { TestGateway } from './testing/gateway.ts';
import { dial, until } from './testing/peer.ts';

/*
 * Octets that a strict server must refuse, or may take, as others have collected them, against a whole gateway in front
 * of an ordinary server that answers every whole request with 200.
 */
interface Vector {
  readonly id: string;
  readonly description: string;
  readonly expected: string;
  readonly rawRequest: string;
}

const FILE = new URL('../../../shared/vectors/http1-requests.json', import.meta.url);
const vectors: Vector[] = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Vector[]) : [];

/** The file's form cannot hold the octets that these are about (docs/decisions/0003-http1-vectors.md). */
const OCTETS_LOST: Readonly<Record<string, string>> = {
  'MAL-NON-ASCII-HEADER-NAME': 'GET / HTTP/1.1\r\nHost: localhost:8080\r\nX-T\xc3\xabst: value\r\n\r\n',
  'MAL-NON-ASCII-URL': 'GET /caf\xc3\xa9 HTTP/1.1\r\nHost: localhost:8080\r\n\r\n',
  'MAL-URL-OVERLONG-UTF8': 'GET /\xc0\xaf HTTP/1.1\r\nHost: localhost:8080\r\n\r\n',
};

/** Cut off in the file before they break a limit: continued here. */
const CUT_OFF: Readonly<Record<string, string>> = {
  'MAL-LONG-HEADER-VALUE': 'B'.repeat(100_000),
  'MAL-MANY-HEADERS': ' value\r\n'.concat('X-H: value\r\n'.repeat(10_000)),
  'MAL-LONG-METHOD': 'A'.repeat(100_000),
  'MAL-CHUNK-EXT-64K': 'a'.repeat(65_536),
};

/** `400 or close (pass), 2xx (warn)` → what is allowed: statuses, `close` and `timeout`. */
const parseExpected = (expected: string): { readonly allows: (outcome: string) => boolean } => {
  if (expected === '!101') return { allows: (outcome) => outcome !== '101' };
  const words: readonly string[] = expected.match(/\d\d\d|2xx|close|timeout/g) ?? [];
  return { allows: (outcome) => words.includes(outcome) || (words.includes('2xx') && /^2\d\d$/.test(outcome)) };
};

describe(
  'the gateway answers the collected requests as a strict server',
  { skip: vectors.length === 0 && 'no ../shared/vectors' },
  () => {
    const origin = createServer((request, response) => request.resume().on('end', () => response.end('ok')));
    let gateway: TestGateway;
    const ends: (() => void)[] = [];

    before(async () => {
      await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
      const context = { after: (end: () => void) => ends.push(end) } as unknown as TestContext;
      gateway = await TestGateway.start(context, {
        limits: { headTimeoutMs: 50, streamIdleMs: 50, keepAliveIdleMs: 50, lingerMs: 50 },
        clusters: [{ endpoints: [{ port: (origin.address() as AddressInfo).port }] }],
      });
    });

    after(() => {
      for (const end of ends) end();
      origin.closeAllConnections();
      origin.close();
    });

    for (const vector of vectors) {
      test(`${vector.id}: ${vector.description}`, async () => {
        const client = await dial(gateway.port);
        client.send(OCTETS_LOST[vector.id] ?? vector.rawRequest + (CUT_OFF[vector.id] ?? ''));
        // 408 is what waiting in vain looks like here.
        await until('an answer or the end', () => client.unread.includes('\r\n\r\n') || client.ended || client.closed);
        const status = /^HTTP\/1\.1 (\d\d\d) /.exec(client.unread)?.[1] ?? 'close';
        client.socket.destroy();
        const outcome = status === '408' ? 'timeout' : status;
        assert.ok(
          parseExpected(vector.expected).allows(outcome),
          `${outcome}, expected ${vector.expected}: ${client.unread}`,
        );
      });
    }
  },
);
