import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogTime } from './log-time.ts';
import { RepeatedText, escapeText, millisecondsText } from './log-text.ts';

test('escapeText gives ASCII that JSON reads as the same text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const escaped = escapeText(text);
      assert.match(escaped, /^[ -~]*$/);
      const read = JSON.parse(`"${escaped}"`) as string;
      // Octets that are UTF-8 are meant as what they encode.
      assert.ok(read === text || read === Buffer.from(text, 'latin1').toString('utf8'), escaped);
    }),
  );
});

test('escapeText reads octets as UTF-8 where they are, and leaves them where not', () => {
  assert.equal(JSON.parse(`"${escapeText(Buffer.from('Zoë 🎉').toString('latin1'))}"`), 'Zoë 🎉');
  assert.equal(JSON.parse(`"${escapeText('Zo\u00eb')}"`), 'Zo\u00eb');
  assert.equal(escapeText('a"b\\c\n\u0001\u007f'), 'a\\"b\\\\c\\n\\u0001\\u007f');
});

test('RepeatedText escapes each text as itself, whatever it escaped before', () => {
  const repeated = new RepeatedText('<', '>');
  fc.assert(
    fc.property(fc.array(fc.constantFrom('', 'a"', 'b"', 'ab', '\u00e4', 'a'.repeat(66), 'b'.repeat(66))), (texts) => {
      assert.deepEqual(
        texts.map((text) => repeated.of(text)),
        texts.map((text) => `<${escapeText(text)}>`),
      );
    }),
  );
});

test('millisecondsText rounds to three decimals at most', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0'],
    [-1, '0'],
    [Number.NaN, '0'],
    [0.0004, '0'],
    [0.0006, '0.001'],
    [0.1 + 0.2, '0.3'],
    [1.25, '1.25'],
    [999.9996, '1000'],
    [15_000, '15000'],
    [3_600_000.5, '3600000.5'],
  ];
  for (const [ms, text] of cases) assert.equal(millisecondsText(ms), text);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (ms) => {
      assert.equal(Number(millisecondsText(ms)), Math.round(ms * 1000) / 1000);
    }),
  );
});

test('LogTime says RFC 3339 in UTC, and follows a wall clock that is set', () => {
  let wallMs = Date.UTC(2026, 1, 28, 23, 59, 59, 7);
  let nowMs = 5000;
  const time = new LogTime(
    {},
    () => wallMs,
    () => nowMs,
  );
  assert.equal(time.text(5000, 5000), '2026-02-28T23:59:59.007Z');
  assert.equal(time.text(5992.9, 5993), '2026-02-28T23:59:59.999Z');
  assert.equal(time.text(5993, 5993), '2026-03-01T00:00:00.000Z');
  assert.equal(time.text(5000, 5994), '2026-02-28T23:59:59.007Z', 'an exchange that began in an earlier second');
  nowMs = 6001;
  wallMs += 3_600_000 + 1001;
  assert.equal(time.text(6001, 6001), '2026-03-01T01:00:00.008Z');
});
