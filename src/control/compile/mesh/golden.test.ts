import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatDiagnostic } from '#model/diagnostic.ts';
import { parseDocuments } from '#model/documents.ts';
import type { Snapshot } from '#model/snapshot/snapshot.ts';
import { compareText } from '../inventory.ts';
import type { LiveWorkload } from './live-workload.ts';
import { MeshCompiler } from './mesh-compiler.ts';

const cases = join(import.meta.dirname, 'testdata');
/** To accept what the compiler now says, after reading the difference. */
const update = process.env['UPDATE_GOLDEN'] === '1';

function compileFolder(folder: string): unknown {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .toSorted(compareText);
  const parsed = files.map((name) => parseDocuments(name, readFileSync(join(folder, name), 'utf8')));
  const live = join(folder, 'workloads.json');
  const workloads = existsSync(live) ? (JSON.parse(readFileSync(live, 'utf8')) as readonly LiveWorkload[]) : [];
  const result = new MeshCompiler().compile(
    parsed.flatMap((file) => file.resources),
    workloads,
    parsed.flatMap((file) => file.rejected),
  );
  return {
    shared: resourcesOf(result.shared),
    namespaces: Object.fromEntries([...result.namespaces].map(([name, snapshot]) => [name, resourcesOf(snapshot)])),
    workloads: Object.fromEntries([...result.workloads].map(([id, snapshot]) => [id, resourcesOf(snapshot)])),
    statuses: result.statuses,
    refusals: Object.fromEntries(result.refusals),
    diagnostics: [...parsed.flatMap((file) => file.diagnostics), ...result.diagnostics].map(formatDiagnostic),
  };
}

function resourcesOf({ resources }: Snapshot): readonly unknown[] {
  return [...resources.values()];
}

for (const name of readdirSync(cases)) {
  test(`MeshCompiler compiles ${name} as its golden file says`, () => {
    const path = join(cases, name, 'mesh.golden.json');
    const actual: unknown = JSON.parse(JSON.stringify(compileFolder(join(cases, name))));
    if (update) writeFileSync(path, `${JSON.stringify(actual, null, 2)}\n`);
    const expected: unknown = JSON.parse(readFileSync(path, 'utf8'));
    assert.deepEqual(actual, expected, `${name} (UPDATE_GOLDEN=1 accepts what is compiled now)`);
  });
}
