import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readRequests } from './testing/transcript.ts';

/*
 * Octets that a strict server must refuse, or may take, as others have collected them. Here it counts whether the
 * decoder fails; statuses are the business of whoever renders failures.
 */
interface Vector {
  readonly id: string;
  readonly description: string;
  readonly expected: string;
  readonly rawRequest: string;
}

const FILE = new URL('../../../../shared/vectors/http1-requests.json', import.meta.url);
const vectors: Vector[] = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Vector[]) : [];

/** Whole and valid; a policy elsewhere decides about CONNECT, upgrades and what a path holds. */
const DECODED = new Set([
  'COMP-OPTIONS-STAR',
  'COMP-ABSOLUTE-FORM',
  'COMP-METHOD-CASE',
  'COMP-POST-CL-BODY',
  'COMP-POST-NO-CL-NO-TE',
  'COMP-CHUNKED-BODY',
  'COMP-CHUNKED-EMPTY',
  'COMP-UPGRADE-POST',
  'COMP-UPGRADE-MISSING-CONN',
  'COMP-UPGRADE-UNKNOWN',
  'COMP-METHOD-CONNECT',
  'COMP-CHUNKED-EXTENSION',
  'COMP-CHUNKED-TRAILER-VALID',
  'SMUG-CL-EXTRA-LEADING-SP',
  'MAL-CL-TAB-BEFORE-VALUE',
  'MAL-URL-PERCENT-NULL',
  'MAL-URL-PERCENT-CRLF',
]);

/** Valid as far as they go, and then not complete: time decides. */
const INCOMPLETE = new Set(['COMP-POST-CL-UNDERSEND', 'COMP-CHUNKED-NO-FINAL', 'MAL-INCOMPLETE-REQUEST']);

/** Cut off in the file long before they break a limit: continued here. */
const CUT_OFF: Readonly<Record<string, string>> = {
  'MAL-LONG-HEADER-VALUE': 'B'.repeat(100_000),
  'MAL-MANY-HEADERS': ' value\r\n'.concat('X-H: value\r\n'.repeat(10_000)),
  'MAL-LONG-METHOD': 'A'.repeat(100_000),
  'MAL-CHUNK-EXT-64K': 'a'.repeat(65_536),
};

/** The file's form cannot hold the octets that these are about (docs/decisions/0003-http1-vectors.md). */
const OCTETS_LOST: Readonly<Record<string, Buffer>> = {
  'MAL-NON-ASCII-HEADER-NAME': Buffer.from(
    'GET / HTTP/1.1\r\nHost: localhost:8080\r\nX-T\xc3\xabst: value\r\n\r\n',
    'latin1',
  ),
  'MAL-NON-ASCII-URL': Buffer.from('GET /caf\xc3\xa9 HTTP/1.1\r\nHost: localhost:8080\r\n\r\n', 'latin1'),
  'MAL-URL-OVERLONG-UTF8': Buffer.from('GET /\xc0\xaf HTTP/1.1\r\nHost: localhost:8080\r\n\r\n', 'latin1'),
};

describe(
  'RequestDecoder reads the collected requests',
  { skip: vectors.length === 0 && 'no ../shared/vectors' },
  () => {
    for (const vector of vectors) {
      for (const sizes of [[], [1]]) {
        test(`${vector.id}: ${vector.description}${sizes.length > 0 ? ', octet by octet' : ''}`, () => {
          const log = readRequests(
            OCTETS_LOST[vector.id] ?? Buffer.from(vector.rawRequest + (CUT_OFF[vector.id] ?? ''), 'latin1'),
            sizes,
          );
          if (DECODED.has(vector.id)) {
            assert.equal(log.failure, null);
            assert.equal(log.messages[0]!.complete, true);
          } else if (INCOMPLETE.has(vector.id)) {
            assert.equal(log.failure?.code, 'downstream_closed');
          } else if (vector.rawRequest === '') {
            assert.equal(log.clean, true);
          } else {
            assert.ok(log.failure !== null && log.failure.code !== 'downstream_closed', 'must fail');
          }
        });
      }
    }
  },
);
