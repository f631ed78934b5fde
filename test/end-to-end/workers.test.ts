import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { get } from './testing/client.ts';
import { createFolder, gatewayDocument, routeDocument } from './testing/folder.ts';
import { freePort } from './testing/free-port.ts';
import { startOrigin } from './testing/origin.ts';
import { startGateway } from './testing/program.ts';

test('several workers serve one port and count together', async (t) => {
  const origin = await startOrigin(t);
  const port = await freePort();
  const folder = createFolder(t);
  writeFileSync(join(folder, 'all.yaml'), gatewayDocument({ port }) + routeDocument({ originPort: origin.port }));
  const { program, adminUrl } = await startGateway(t, folder, '--workers', '2', '--access-log', 'stdout');
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => get(`http://127.0.0.1:${port}/${i}`)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  const metrics = (await get(`${adminUrl}/metrics`)).body;
  assert.match(metrics, /istio_requests_total\{[^}]*response_code="200"[^}]*\} 40\n/);
  program.kill('SIGTERM');
  const { code, stdout } = await program.ended;
  assert.equal(code, 0);
  const paths = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { path: string }).path);
  assert.deepEqual(paths.toSorted(), Array.from({ length: 40 }, (_, i) => `/${i}`).toSorted());
});
