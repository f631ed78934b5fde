import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readGraph } from '../../tools/dependencies/graph.ts';
import { checkDependencies, type Violation } from '../../tools/dependencies/rules.ts';

const ROOT = dirname(dirname(import.meta.dirname));
const TOOL = join(ROOT, 'tools/dependency-direction.ts');

/** A small tree that keeps every rule, with at least one legal import of each kind. */
const CLEAN: Readonly<Record<string, string>> = {
  'src/base/bytes.ts': `import { Buffer } from 'node:buffer';`,
  'src/base/bytes.test.ts': `import 'fast-check'; import 'node:fs'; import './bytes.ts'; import './testing/peer.ts';`,
  'src/base/testing/peer.ts': `import 'node:net';`,
  'src/errors/proxy-error.ts': '',
  'src/http/fields.ts': `import '#base/bytes.ts';`,
  'src/model/route.ts': `import 'zod'; import './snapshot/snapshot.ts'; import '#http/fields.ts';`,
  'src/model/snapshot/snapshot.ts': '',
  'src/codec/http1/parser.ts': `import '../frame.ts'; import '#http/fields.ts';`,
  'src/codec/frame.ts': `import type { Route } from '#model/route.ts';`,
  'src/transport/listen.ts': `import 'node:net';`,
  'src/xds/client.ts': `import '#base/bytes.ts';`,
  'src/proxy/gateway.ts': `import './downstream/session.ts'; import './routing/table.ts'; import '#transport/listen.ts';`,
  'src/proxy/exchange/exchange.ts': '',
  'src/proxy/downstream/session.ts': `import '../exchange/exchange.ts'; import './protocol.ts';`,
  'src/proxy/downstream/protocol.ts': '',
  'src/proxy/routing/table.ts': '',
  'src/control/compile.ts': `import '#model/route.ts';`,
  'src/admin/api.ts': '',
  'src/admin/server.ts': `import './api.ts'; import '#control/compile.ts';`,
  'src/dashboard/page.tsx': `import 'preact'; import type { Api } from '#admin/api.ts';`,
  'src/app/main.ts': `import '#proxy/gateway.ts'; import '#control/compile.ts'; import '#xds/client.ts';`,
};

/** What is planted into the clean tree, and the one finding that it must give. */
const PLANTED: readonly { what: string; plant: Record<string, string>; finds: string }[] = [
  {
    what: 'an import of a later row',
    plant: { 'src/http/fields.ts': `\nimport '#model/snapshot/snapshot.ts';` },
    finds: 'src/http/fields.ts:2: row',
  },
  {
    what: 'a type of a later row',
    plant: { 'src/base/bytes.ts': `import type { A } from '#admin/api.ts';` },
    finds: 'src/base/bytes.ts:1: row',
  },
  {
    what: 'an import of a neighbour on the row',
    plant: { 'src/errors/proxy-error.ts': `export * from '#base/bytes.ts';` },
    finds: 'src/errors/proxy-error.ts:1: row',
  },
  {
    what: 'a dynamic import of a later row',
    plant: { 'src/control/compile.ts': `await import('#admin/api.ts');` },
    finds: 'src/control/compile.ts:1: row',
  },
  {
    what: 'a relative path to another folder',
    plant: { 'src/http/fields.ts': `import '../base/bytes.ts';` },
    finds: 'src/http/fields.ts:1: specifier',
  },
  {
    what: 'a subpath to the own folder',
    plant: { 'src/http/fields.ts': `import '#http/methods.ts';`, 'src/http/methods.ts': '' },
    finds: 'src/http/fields.ts:1: specifier',
  },
  {
    what: 'an import without .ts',
    plant: { 'src/proxy/gateway.ts': `import './routing/table';` },
    finds: 'src/proxy/gateway.ts:1: specifier',
  },
  {
    what: 'an import from outside of src',
    plant: { 'src/app/main.ts': `import '../../tools/check.ts';` },
    finds: 'src/app/main.ts:1: specifier',
  },
  {
    what: 'a cycle at run time',
    plant: {
      'src/app/a.ts': `import './b.ts';`,
      'src/app/b.ts': `import './c.ts';`,
      'src/app/c.ts': `import './a.ts';`,
    },
    finds: 'src/app/a.ts:1: cycle',
  },
  {
    what: 'a file that imports itself',
    plant: { 'src/app/a.ts': `import './a.ts';` },
    finds: 'src/app/a.ts:1: cycle',
  },
  {
    what: 'a cycle that types close',
    plant: { 'src/app/a.ts': `import './b.ts';`, 'src/app/b.ts': `import type { A } from './a.ts';` },
    finds: 'src/app/a.ts:1: type-cycle',
  },
  {
    what: 'a stage of the proxy that knows another',
    plant: { 'src/proxy/routing/table.ts': `import '../downstream/protocol.ts';` },
    finds: 'src/proxy/routing/table.ts:1: proxy-stage',
  },
  {
    what: 'a contract of the proxy that knows a stage',
    plant: { 'src/proxy/exchange/exchange.ts': `import type { P } from '../downstream/protocol.ts';` },
    finds: 'src/proxy/exchange/exchange.ts:1: proxy-stage',
  },
  {
    what: 'a stage of the proxy that knows an assembly',
    plant: { 'src/proxy/upstream/pool.ts': `import '../worker.ts';`, 'src/proxy/worker.ts': '' },
    finds: 'src/proxy/upstream/pool.ts:1: proxy-stage',
  },
  {
    what: 'a stage of the proxy that knows a part of the assemblies',
    plant: { 'src/proxy/upstream/pool.ts': `import '../mesh/tls.ts';`, 'src/proxy/mesh/tls.ts': '' },
    finds: 'src/proxy/upstream/pool.ts:1: proxy-stage',
  },
  {
    what: 'a folder in the proxy that is no stage',
    plant: { 'src/proxy/other/pool.ts': '' },
    finds: 'src/proxy/other/pool.ts:1: tree',
  },
  {
    what: 'the proxy importing xds',
    plant: { 'src/proxy/gateway.ts': `import type { C } from '#xds/client.ts';` },
    finds: 'src/proxy/gateway.ts:1: given-snapshot',
  },
  {
    what: 'the proxy importing control',
    plant: { 'src/proxy/gateway.ts': `import type { C } from '#control/compile.ts';` },
    finds: 'src/proxy/gateway.ts:1: given-snapshot',
  },
  {
    what: 'an npm package in the data plane',
    plant: { 'src/proxy/routing/table.ts': `import { parse } from 'yaml';` },
    finds: 'src/proxy/routing/table.ts:1: no-package',
  },
  {
    what: 'an npm package in the snapshot',
    plant: { 'src/model/snapshot/snapshot.ts': `import type { z } from 'zod';` },
    finds: 'src/model/snapshot/snapshot.ts:1: no-package',
  },
  {
    what: 'an npm package reached from the data plane',
    plant: { 'src/codec/frame.ts': `import '#model/route.ts';` },
    finds: 'src/codec/frame.ts:1: no-package',
  },
  {
    what: 'input and output in a codec',
    plant: { 'src/codec/frame.ts': `import type { Socket } from 'node:net';` },
    finds: 'src/codec/frame.ts:1: no-io',
  },
  {
    what: 'input and output without the node: prefix',
    plant: { 'src/base/bytes.ts': `import { readFileSync } from 'fs';` },
    finds: 'src/base/bytes.ts:1: no-io',
  },
  {
    what: 'input and output reached from a codec',
    plant: { 'src/codec/frame.ts': `import '#model/files.ts';`, 'src/model/files.ts': `import 'node:fs';` },
    finds: 'src/codec/frame.ts:1: no-io',
  },
  {
    what: 'a dashboard that knows more than the API',
    plant: { 'src/dashboard/page.tsx': `import '#admin/server.ts';` },
    finds: 'src/dashboard/page.tsx:1: dashboard',
  },
  {
    what: 'a shipped file that imports test code',
    plant: { 'src/http/fields.ts': `import '#base/testing/peer.ts';` },
    finds: 'src/http/fields.ts:1: test-code',
  },
  {
    what: 'a folder that is not in the tree',
    plant: { 'src/utils/all.ts': '' },
    finds: 'src/utils/all.ts:1: tree',
  },
];

function withTree<T>(files: Readonly<Record<string, string>>, use: (root: string) => T): T {
  const root = mkdtempSync(join(tmpdir(), 'selvage-tree-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

function heads(violations: readonly Violation[]): string[] {
  return violations.map(({ path, line, rule }) => `${path}:${line}: ${rule}`);
}

test('checkDependencies accepts a tree that keeps the rules', () => {
  assert.deepEqual(
    withTree(CLEAN, (root) => checkDependencies(readGraph(root))),
    [],
  );
});

for (const { what, plant, finds } of PLANTED) {
  test(`checkDependencies finds ${what}, and nothing else`, () => {
    const violations = withTree({ ...CLEAN, ...plant }, (root) => checkDependencies(readGraph(root)));
    assert.deepEqual(heads(violations), [finds]);
    assert.match(violations[0]?.message ?? '', /\(.+\)$/, 'the message says what to do');
  });
}

test('dependency-direction fails and says where when a violation is planted', () => {
  const plant = { ...CLEAN, 'src/http/fields.ts': `import '#app/main.ts';` };
  const run = withTree(plant, (root) => spawnSync(process.execPath, [TOOL, root], { encoding: 'utf8' }));
  assert.equal(run.status, 1);
  assert.match(run.stdout, /^src\/http\/fields\.ts:1: row: http must not import app/m);
});

test('dependency-direction passes on this project', () => {
  const run = spawnSync(process.execPath, [TOOL], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /^[1-9]\d* files, 0 violations/m);
});
