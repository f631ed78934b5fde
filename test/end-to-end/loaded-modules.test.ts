import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
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
  /^node:(crypto|tls|http|https|http2|dns|dns\/promises|worker_threads|inspector|v8|zlib)$/,
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
  const urls = JSON.parse(readFileSync(`${file}.${program.pid}`, 'utf8')) as string[];
  const names = urls.map((url) => url.replace(`file://${ROOT}/`, ''));
  assert.ok(names.includes('src/proxy/gateway.ts') && names.includes('node:net'), names.join('\n'));
  assert.deepEqual(
    names.filter((name) => FOR_SOME.some((pattern) => pattern.test(name))),
    [],
  );
});
