import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { MeshProcesses } from '../mesh/testing/mesh-processes.ts';
import { freePort } from './testing/free-port.ts';
import { createFolder, gatewayDocument, routeDocument } from './testing/folder.ts';
import { ROOT, startProgram } from './testing/program.ts';

const RECORDER = join(import.meta.dirname, 'testing/record-loaded.cjs');

/*
 * What every gateway would have to hold in memory although few need it: OpenSSL is 8 MB, HTTP/2 3 MB. Each is loaded with
 * the first listener, backend or client that speaks it.
 */
const FOR_SOME = [
  /^src\/codec\/http2\/(?!limits\.ts)/,
  /^src\/proxy\/\w+\/http2-(?!opening\.ts)/,
  /^src\/transport\/(tls|resolve-)/,
  /^src\/(identity|xds)\//,
  /^src\/app\/worker/,
  /^src\/control\/(?!sources\/)/,
  /^node:(crypto|tls|http|https|http2|dns|dns\/promises|worker_threads|inspector|zlib)$/,
  /node_modules\//,
];

/*
 * What every sidecar would have to hold in memory although none needs it: what parses and validates documents is 24 MB,
 * Node's own HTTP 17 MB. Other commands, and what the control plane is made of, are small and many.
 */
const NO_SIDECARS = [
  /^src\/cli\/(control|diagnostics|explain|gateway|get|help|root|token|validate|version)\.ts/,
  /^src\/control\/(compile|sources)\//,
  /^src\/control\/authority\/(?!control-identity\.ts)/,
  /^src\/model\/(documents\.ts|schema\/(?!nearest-word\.ts))/,
  /^src\/app\/(up|worker|control\/)/,
  /^src\/proxy\/gateway/,
  /^node:(http|https|http2|dns|sqlite|worker_threads|inspector|zlib|readline)$/,
  /node_modules\//,
];

test('selvage up loads for a plain gateway only what a plain gateway needs', async (t) => {
  const folder = createFolder(t);
  const file = join(folder, 'loaded');
  writeFileSync(
    join(folder, 'all.yaml'),
    gatewayDocument({ port: await freePort() }) + routeDocument({ originPort: await freePort() }),
  );
  const program = startProgram(
    t,
    process.execPath,
    ['--require', RECORDER, join(ROOT, 'bin/selvage.cjs'), 'up', folder, '--admin-port', '0'],
    { SELVAGE_LOADED: file },
  );
  await program.said(/^ready after/m);
  program.kill('SIGTERM');
  await program.ended;
  const names = namesIn(`${file}.${program.pid}`);
  assert.ok(names.includes('src/proxy/gateway.ts') && names.includes('node:net'), names.join('\n'));
  assert.deepEqual(
    names.filter((name) => FOR_SOME.some((pattern) => pattern.test(name))),
    [],
  );
});

test('selvage run loads for a sidecar only what a sidecar needs', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const file = join(createFolder(t), 'loaded');
  const joining = ['--service-account', 'web', '--token', await mesh.token('web')];
  const program = startProgram(
    t,
    process.execPath,
    ['--require', RECORDER, join(ROOT, 'bin/selvage.cjs'), ...mesh.runArguments(joining), '--', 'echo', 'runs'],
    { SELVAGE_LOADED: file },
  );
  await program.printed(/^runs$/m);
  await program.ended;
  const names = namesIn(`${file}.${program.pid}`);
  assert.ok(names.includes('src/proxy/outbound.ts') && names.includes('node:tls'), names.join('\n'));
  assert.deepEqual(
    names.filter((name) => NO_SIDECARS.some((pattern) => pattern.test(name))),
    [],
  );
});

function namesIn(file: string): readonly string[] {
  const urls = JSON.parse(readFileSync(file, 'utf8')) as string[];
  return urls.map((url) => url.replace(`file://${ROOT}/`, ''));
}
