import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { createFolder, gatewayDocument, routeDocument } from './testing/folder.ts';
import { runSelvage } from './testing/program.ts';

const redirectDocument = (name: string, from: string, to: string): string => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: edge }]
  rules:
    - matches: [{ path: { type: Exact, value: ${from} } }]
      filters:
        - type: RequestRedirect
          requestRedirect: { path: { type: ReplaceFullPath, replaceFullPath: ${to} } }
---
`;

test('selvage validate tells every error at once, sorted by place', async (t) => {
  const folder = createFolder(t);
  writeFileSync(join(folder, 'b.yaml'), routeDocument({ originPort: 70_000 }));
  writeFileSync(
    join(folder, 'a.yaml'),
    `${gatewayDocument({ port: 8080 })}kind: [\n---\n${routeDocument({ originPort: 1, name: 'x' }).replace('name: x }]', 'name: missing }]')}`,
  );
  const { code, stdout } = await runSelvage(t, 'validate', folder);
  assert.equal(code, 1);
  const lines = stdout.trim().split('\n');
  const places = lines.slice(0, -1).map((line) =>
    line
      .slice(folder.length + 1)
      .split(':')
      .slice(0, 2)
      .join(':'),
  );
  assert.ok(places.length >= 3, stdout);
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })),
  );
  assert.match(stdout, /a\.yaml:\d+:\d+: error: HTTPRoute default\/x: .*Backend default\/missing is not declared/);
  assert.match(stdout, /b\.yaml:\d+:\d+: error: Backend default\/app: spec\.endpoints\[0\]\.port: /);
  assert.match(lines.at(-1) ?? '', /^\d+ errors in .* \(2 files, \d+ good objects?\)$/);
});

test('selvage validate writes the same as JSON', async (t) => {
  const folder = createFolder(t);
  writeFileSync(join(folder, 'all.yaml'), gatewayDocument({ port: 8080 }) + routeDocument({ originPort: 70_000 }));
  const { code, stdout } = await runSelvage(t, 'validate', folder, '--format', 'json');
  assert.equal(code, 1);
  const { diagnostics, fileCount } = JSON.parse(stdout) as {
    diagnostics: { location: { line: number } }[];
    fileCount: number;
  };
  assert.equal(fileCount, 1);
  assert.ok(diagnostics.every(({ location }) => location.line > 0));
});

test('selvage validate warns of redirects that go in circles, and of no others', async (t) => {
  const folder = createFolder(t);
  const harmless = redirectDocument('harmless', '/old', '/new');
  writeFileSync(
    join(folder, 'all.yaml'),
    gatewayDocument({ port: 8080 }) + redirectDocument('a', '/a', '/b') + redirectDocument('b', '/b', '/a') + harmless,
  );
  const { code, stdout } = await runSelvage(t, 'validate', folder);
  assert.equal(code, 0);
  assert.equal(stdout.split('\n').filter((line) => line.includes('redirects for ever')).length, 1, stdout);
  assert.match(
    stdout,
    /all\.yaml:17:\d+: warning: HTTPRoute default\/a: spec\.rules\[0\]\.filters\[0\]: redirects for ever: http:\/\/localhost:8080\/a → http:\/\/localhost:8080\/b → http:\/\/localhost:8080\/a/,
  );
});

test('selvage validate tells what is wrong with routes of a mesh, which needs no Gateway', async (t) => {
  const folder = createFolder(t);
  writeFileSync(
    join(folder, 'mesh.yaml'),
    `apiVersion: v1
kind: Service
metadata: {name: cart}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: bytes}
spec:
  parentRefs: [{group: "", kind: Service, name: cart}]
  rules: [{backendRefs: [{name: cart, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: later}
spec:
  parentRefs: [{group: "", kind: Service, name: search}]
  rules: [{backendRefs: [{name: cart, port: 80}]}]
`,
  );
  const { code, stdout } = await runSelvage(t, 'validate', folder);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /mesh\.yaml:10:16: error: TCPRoute default\/bytes: spec\.parentRefs\[0\]\.port: no TCPRoute can attach/,
  );
  assert.match(stdout, /mesh\.yaml:11:39: error: TCPRoute default\/bytes: .*speaks HTTP/);
  // A workload may come to serve it.
  assert.match(stdout, /warning: HTTPRoute default\/later: .*Service default\/search is neither declared nor served/);
  assert.doesNotMatch(stdout, /nothing to serve/);
});

test('wrong usage is one sentence with the nearest word, and exit code 2', async (t) => {
  const cases: [words: string[], says: RegExp][] = [
    [['validte', '.'], /^selvage: unknown command 'validte' \(did you mean validate\?\)\n$/],
    [['validate', '.', '--fromat', 'json'], /^selvage: unknown option --fromat \(did you mean --format\?\)\n$/],
    [['validate'], /^selvage: folder is missing/],
    [['validate', '.', '--format', 'xml'], /^selvage: cannot write --format xml: give text or json\n$/],
    [['up', '.', '--workers', '0'], /^selvage: cannot read --workers 0: give a whole number from 1 to 256, or auto\n$/],
    [['up', 'a', 'b'], /^selvage: unexpected argument 'b'/],
    [['explain', '.', 'GET', 'nowhere'], /^selvage: cannot read URL nowhere/],
  ];
  for (const [words, says] of cases) {
    const { code, stdout, stderr } = await runSelvage(t, ...words);
    assert.equal(code, 2, words.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, says);
  }
});
