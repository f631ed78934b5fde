import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstHttpPort } from './shop-start.ts';

test('firstHttpPort skips other kinds and other protocols, and throws when there is no listener', () => {
  const folder = mkdtempSync(join(tmpdir(), 'selvage-bench-test-'));
  try {
    assert.throws(() => firstHttpPort(folder), /cannot time a start/);
    writeFileSync(join(folder, 'a.yaml'), 'kind: Service\nspec: { ports: [{ port: 1 }] }\n---\n');
    const listeners = '[{ protocol: HTTPS, port: 8443 }, { protocol: HTTP, port: 8081 }]';
    writeFileSync(join(folder, 'b.yaml'), `kind: Gateway\nspec: { listeners: ${listeners} }\n`);
    assert.equal(firstHttpPort(folder), 8081);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
