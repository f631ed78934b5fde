import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatDiagnostic } from '#model/diagnostic.ts';
import { parseDocuments } from '#model/documents.ts';
import { Compiler } from './compiler.ts';

const cases = join(import.meta.dirname, 'testdata');
/** To accept what the compiler now says, after reading the difference. */
const update = process.env['UPDATE_GOLDEN'] === '1';

function compileFolder(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml')).sort();
  const parsed = files.map((name) => parseDocuments(name, readFileSync(join(folder, name), 'utf8')));
  const { snapshot, statuses, diagnostics } = new Compiler().compile(parsed.flatMap(({ resources }) => resources));
  const lines = [...parsed.flatMap((file) => file.diagnostics), ...diagnostics].map(formatDiagnostic);
  return {
    'snapshot.golden.json': json({ version: snapshot.version, resources: [...snapshot.resources.values()] }),
    'status.golden.json': json(statuses),
    'diagnostics.golden.txt': lines.map((line) => `${line}\n`).join(''),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

for (const name of readdirSync(cases)) {
  test(`Compiler compiles ${name} as its golden files say`, () => {
    for (const [file, actual] of Object.entries(compileFolder(join(cases, name)))) {
      const path = join(cases, name, file);
      if (update) writeFileSync(path, actual);
      assert.equal(actual, readFileSync(path, 'utf8'), `${name}/${file} (UPDATE_GOLDEN=1 accepts what is compiled now)`);
    }
  });
}
