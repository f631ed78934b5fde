import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDiagnostic } from './diagnostic.ts';
import { durationPattern, parseDurationMs } from './duration.ts';
import { formatFieldPath } from './field-path.ts';
import { nearestWord } from './schema/nearest-word.ts';

const location = { file: 'routes.yaml', line: 12, column: 9 };

test('formatDiagnostic writes place, resource, field, what is wrong and what is right', () => {
  const line = formatDiagnostic({
    severity: 'error',
    location,
    resource: 'HTTPRoute shop/web',
    fieldPath: 'spec.rules[0].matches[0].path.type',
    message: 'unknown value "Prefx"',
    expected: 'one of Exact, PathPrefix, RegularExpression (did you mean PathPrefix?)',
  });
  assert.equal(
    line,
    'routes.yaml:12:9: HTTPRoute shop/web: spec.rules[0].matches[0].path.type: unknown value "Prefx"; expected one of Exact, PathPrefix, RegularExpression (did you mean PathPrefix?)',
  );
});

test('formatDiagnostic leaves out what is not known and marks warnings', () => {
  assert.equal(
    formatDiagnostic({ severity: 'warning', location, fieldPath: '', message: 'odd' }),
    'routes.yaml:12:9: warning: odd',
  );
});

test('formatDiagnostic stays one line and writes no control character', () => {
  const message = 'a\nb\u001b[31m\u2028';
  assert.equal(
    formatDiagnostic({ severity: 'error', location, fieldPath: '', message }),
    'routes.yaml:12:9: a\\u000ab\\u001b[31m\\u2028',
  );
});

test('formatFieldPath quotes keys that do not read well after a dot', () => {
  assert.equal(
    formatFieldPath(['metadata', 'labels', 'app.kubernetes.io/name']),
    'metadata.labels["app.kubernetes.io/name"]',
  );
  assert.equal(formatFieldPath(['spec', 'rules', 0, 'name']), 'spec.rules[0].name');
  assert.equal(formatFieldPath([]), '');
});

test('parseDurationMs adds up the parts (GEP-2257)', () => {
  assert.equal(parseDurationMs('1h30m'), 5_400_000);
  assert.equal(parseDurationMs('10s500ms'), 10_500);
  assert.equal(parseDurationMs('0s'), 0);
  assert.equal(parseDurationMs('5s1h'), 3_605_000);
});

test('parseDurationMs refuses what is no duration (GEP-2257)', () => {
  for (const text of ['', '1', '1.5s', '-1s', '1d', '100000s', '1h1m1s1ms1s', ' 1s', '1s\n']) {
    assert.equal(durationPattern.test(text), false, text);
    assert.throws(() => parseDurationMs(text), RangeError);
  }
});

test('nearestWord finds what was probably meant, and nothing for what is far from all', () => {
  const words = ['Exact', 'PathPrefix', 'RegularExpression'];
  assert.equal(nearestWord('Prefx', words), 'PathPrefix');
  assert.equal(nearestWord('exact', words), 'Exact');
  assert.equal(nearestWord('Exatc', words), 'Exact');
  assert.equal(nearestWord('zzz', words), undefined);
  assert.equal(nearestWord('', words), undefined);
  assert.equal(nearestWord('x'.repeat(10_000), words), undefined);
});
