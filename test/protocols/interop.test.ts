import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { COMBINATIONS, startPair } from './testing/pairs.ts';

/* Clients of HTTP/2 that others have written, where they are installed. */

const run = promisify(execFile);
const missing = (command: string): string | false =>
  spawnSync(command, ['--version']).error !== undefined && `no ${command} here`;

for (const server of new Set(COMBINATIONS.map(([, version]) => version))) {
  const start = (t: Parameters<typeof startPair>[0]) =>
    startPair(t, server, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => response.end(Buffer.concat(chunks)));
    });

  test(`curl to ${server}: an upload of a megabyte comes back`, { skip: missing('curl') }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'selvage-interop-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const [sent, got] = [join(folder, 'sent'), join(folder, 'got')];
    writeFileSync(sent, Buffer.alloc(1_000_000, 'x'));
    const { gateway } = await start(t);
    const url = `http://127.0.0.1:${gateway.port}/`;
    const { stdout } = await run('curl', [
      '-s',
      '--http2-prior-knowledge',
      '-m',
      '10',
      '--data-binary',
      `@${sent}`,
      '-o',
      got,
      '-w',
      '%{http_version} %{http_code} %{size_download}',
      url,
    ]);
    assert.equal(stdout, '2 200 1000000');
    await gateway.atRest();
  });

  test(
    `nghttp to ${server}: many requests on one connection, with padding and priorities`,
    { skip: missing('nghttp') },
    async (t) => {
      const { gateway } = await start(t);
      const { stdout } = await run('nghttp', [
        '-n',
        '-s',
        '-m',
        '50',
        '-b',
        '100',
        '-t',
        '10',
        `http://127.0.0.1:${gateway.port}/`,
      ]);
      assert.match(stdout, / 200 /);
      await gateway.recorded(50);
      await gateway.atRest();
    },
  );

  test(`h2load to ${server}: five thousand requests on many streams`, { skip: missing('h2load') }, async (t) => {
    const { gateway } = await start(t);
    const { stdout } = await run('h2load', ['-n', '5000', '-c', '8', '-m', '16', `http://127.0.0.1:${gateway.port}/`]);
    assert.match(stdout, /5000 succeeded, 0 failed, 0 errored/);
    await gateway.recorded(5000);
    await gateway.atRest();
  });
}
