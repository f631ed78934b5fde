import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatDiagnostic } from '#model/diagnostic.ts';
import { parseDocuments } from '#model/documents.ts';
import type { LiveWorkload } from '../mesh/live-workload.ts';
import { MeshCompiler } from '../mesh/mesh-compiler.ts';
import { goldenKey, KEY_PLACEHOLDER, readDocuments } from '../testing/golden-key.ts';
import { gatewayProxyKey, GatewaysCompiler } from './gateways-compiler.ts';

const cases = join(import.meta.dirname, 'testdata');
/** Within the validity of all certificates. */
const nowMs = Date.UTC(2027, 0, 1);
/** To accept what the compiler now says, after reading the difference. */
const update = process.env['UPDATE_GOLDEN'] === '1';
const key = goldenKey();

function compileFolder(folder: string): unknown {
  const { resources, rejected, diagnostics } = parseDocuments('mesh.yaml', readDocuments(join(folder, 'mesh.yaml')));
  const workloads = JSON.parse(readFileSync(join(folder, 'workloads.json'), 'utf8')) as readonly LiveWorkload[];
  const mesh = new MeshCompiler();
  mesh.compile(
    resources,
    workloads.filter(({ gateway }) => gateway === undefined),
    rejected,
  );
  const gateways = workloads.filter(({ gateway }) => gateway !== undefined);
  const result = new GatewaysCompiler().compile(mesh.population, gateways, rejected, nowMs);
  return {
    proxies: Object.fromEntries(
      gateways.map((proxy) => [proxy.id, [...result.proxies.get(gatewayProxyKey(proxy))!.resources.values()]]),
    ),
    problems: Object.fromEntries(result.problems),
    diagnostics: [...diagnostics, ...result.diagnostics].map(formatDiagnostic),
  };
}

/** Without the key again. */
const toPlain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll(JSON.stringify(key).slice(1, -1), KEY_PLACEHOLDER));

for (const name of readdirSync(cases)) {
  test(`GatewaysCompiler compiles ${name} as its golden file says`, () => {
    const path = join(cases, name, 'gateways.golden.json');
    const actual = toPlain(compileFolder(join(cases, name)));
    if (update) writeFileSync(path, `${JSON.stringify(actual, null, 2)}\n`);
    const expected: unknown = JSON.parse(readFileSync(path, 'utf8'));
    assert.deepEqual(actual, expected, `${name} (UPDATE_GOLDEN=1 accepts what is compiled now)`);
  });
}
