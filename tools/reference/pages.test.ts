import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fieldRows } from './field-rows.ts';
import { referencePages } from './pages.ts';

const FOLDER = join(import.meta.dirname, '../../docs/reference');

test('docs/reference says what the schemas say (UPDATE_DOCS=1 writes it)', () => {
  const pages = referencePages();
  if (process.env['UPDATE_DOCS'] === '1') {
    for (const file of readdirSync(FOLDER)) rmSync(join(FOLDER, file));
    for (const [file, text] of pages) writeFileSync(join(FOLDER, file), text);
  }
  assert.deepEqual(readdirSync(FOLDER).toSorted(), [...pages.keys()].toSorted());
  for (const [file, text] of pages)
    assert.equal(readFileSync(join(FOLDER, file), 'utf8'), text, 'run again with UPDATE_DOCS=1');
});

test('fieldRows lists fields within objects, lists and maps, with limits and defaults', () => {
  const rows = fieldRows(
    {
      required: ['ports'],
      properties: {
        ports: {
          type: 'array',
          maxItems: 4,
          items: { type: 'object', properties: { port: { type: 'integer', minimum: 1, maximum: 9 } } },
        },
        tags: { type: 'object', additionalProperties: { type: 'string' }, default: {} },
        mode: { type: 'string', enum: ['a', 'b'], description: 'How.' },
        wait: { type: 'string', pattern: '^x$' },
        exported: {},
      },
    },
    new Map([['^x$', 'an x']]),
  );
  assert.deepEqual(
    rows.map(({ path, isRequired, type, limits, defaultValue }) => [path, isRequired, type, limits, defaultValue]),
    [
      ['ports', true, 'list of object', 'at most 4 items', ''],
      ['ports[].port', false, 'integer', '1 to 9', ''],
      ['tags', false, 'map of string', '', '{}'],
      ['mode', false, 'string', '`a`, `b`', ''],
      ['wait', false, 'string', 'an x', ''],
    ],
  );
});
