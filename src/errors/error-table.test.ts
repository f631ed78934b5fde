import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERROR_TABLE, type ErrorEntry } from './error-table.ts';

const DOCUMENT = new URL('../../docs/errors.md', import.meta.url);

const entries: readonly (readonly [string, ErrorEntry])[] = Object.entries(ERROR_TABLE);

const row = ([code, entry]: readonly [string, ErrorEntry]): string => {
  const retryAfter = entry.retryAfterSeconds === undefined ? '' : `${entry.retryAfterSeconds} s`;
  return `| \`${code}\` | ${entry.status} | ${entry.grpcStatus} | \`${entry.flag}\` | ${entry.title} | ${entry.detail} | ${retryAfter} |`;
};

const renderTable = (): string =>
  [
    '| code | HTTP | gRPC | flag | title | detail | `Retry-After` |',
    '|---|---|---|---|---|---|---|',
    ...entries.map(row),
  ].join('\n');

test('docs/errors.md is equal to ERROR_TABLE', () => {
  const before = readFileSync(DOCUMENT, 'utf8');
  const after = before.replace(/(<!-- generated .* -->\n)[^]*?(<!-- end -->)/, (_, open: string, end: string) => {
    return `${open}${renderTable()}\n${end}`;
  });
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(DOCUMENT, after);
  assert.equal(readFileSync(DOCUMENT, 'utf8'), after, 'run again with UPDATE_DOCS=1');
  assert.match(after, /`downstream_closed` \| 499/);
});

for (const [code, entry] of entries) {
  test(`ERROR_TABLE says of ${code} what can be answered with`, () => {
    assert.match(code, /^[a-z_]+$/);
    assert.ok(entry.status >= 400 && entry.status <= 599);
    assert.ok(entry.grpcStatus >= 1 && entry.grpcStatus <= 16, 'a failure is never OK');
    assert.match(entry.flag, /^[A-Z]{2,4}$/);
    // They stand in a field value of gRPC and in sentences of others.
    assert.match(entry.title, /^[A-Z][ -~]*[^.]$/);
    assert.match(entry.detail, /^[A-Z][ -~]*[^.]$/);
  });
}
