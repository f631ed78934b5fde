import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatDiagnostic } from '#model/diagnostic.ts';
import { parseDocuments } from '#model/documents.ts';
import { Compiler } from '../compiler.ts';
import { readDocuments } from '../testing/golden-key.ts';

const folder = join(import.meta.dirname, '../testdata/client-certificates');
const resources = ['certificates.yaml', 'gateways.yaml'].flatMap(
  (name) => parseDocuments(name, readDocuments(join(folder, name))).resources,
);

const linesAt = (compiler: Compiler, nowMs: number) =>
  compiler
    .compile(resources, { nowMs })
    .diagnostics.map(formatDiagnostic)
    .filter((line) => line.startsWith('certificates.yaml'));

test('Compiler says where certificates in use are not valid, and follows the clock though no object changes', () => {
  const compiler = new Compiler();
  assert.deepEqual(linesAt(compiler, Date.UTC(2027, 0)), []);
  const expired = 'the certificate expired on 2126-10-30T09:53:13Z: peers refuse it; expected a renewed certificate';
  assert.deepEqual(linesAt(compiler, Date.UTC(2127, 0)), [
    `certificates.yaml:5:3: warning: ConfigMap shop/clients: data["ca.crt"]: ${expired}`,
    `certificates.yaml:22:3: warning: Secret shop/clients: stringData["ca.crt"]: ${expired}`,
    `certificates.yaml:39:3: warning: ConfigMap certs/roots: data["ca.crt"]: ${expired}`,
    `certificates.yaml:74:3: warning: Secret shop/server: stringData["tls.crt"]: ${expired}`,
  ]);
});
