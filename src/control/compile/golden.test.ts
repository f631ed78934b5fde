import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatDiagnostic } from '#model/diagnostic.ts';
import { parseDocuments } from '#model/documents.ts';
import { Compiler } from './compiler.ts';
import { compareText } from './inventory.ts';
import { goldenKey, KEY_PLACEHOLDER, readDocuments } from './testing/golden-key.ts';

const cases = join(import.meta.dirname, 'testdata');
/** Within the validity of all certificates that are not about validity. */
const nowMs = Date.UTC(2027, 0, 1);
/** To accept what the compiler now says, after reading the difference. */
const update = process.env['UPDATE_GOLDEN'] === '1';

interface Golden {
  readonly file: string;
  readonly actual: unknown;
}

const key = goldenKey();

/** Without the key again. */
const toPlain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll(JSON.stringify(key).slice(1, -1), KEY_PLACEHOLDER));

function compileFolder(folder: string): readonly Golden[] {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .toSorted(compareText);
  const parsed = files.map((name) => parseDocuments(name, readDocuments(join(folder, name))));
  const resources = parsed.flatMap((file) => file.resources);
  const rejected = parsed.flatMap((file) => file.rejected);
  const { snapshot, statuses, diagnostics } = new Compiler().compile(resources, { nowMs, rejected });
  const lines = [...parsed.flatMap((file) => file.diagnostics), ...diagnostics].map(formatDiagnostic);
  return [
    {
      file: 'snapshot.golden.json',
      actual: { version: snapshot.version, resources: [...snapshot.resources.values()] },
    },
    { file: 'status.golden.json', actual: statuses },
    { file: 'diagnostics.golden.json', actual: lines },
  ];
}

for (const name of readdirSync(cases)) {
  test(`Compiler compiles ${name} as its golden files say`, () => {
    for (const { file, actual } of compileFolder(join(cases, name))) {
      const path = join(cases, name, file);
      const plain = toPlain(actual);
      if (update) writeFileSync(path, `${JSON.stringify(plain, null, 2)}\n`);
      // By value: how the file is laid out is the formatter's business.
      const expected: unknown = JSON.parse(readFileSync(path, 'utf8'));
      assert.deepEqual(plain, expected, `${name}/${file} (UPDATE_GOLDEN=1 accepts what is compiled now)`);
    }
  });
}
