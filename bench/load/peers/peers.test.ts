import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Workspace } from '../machine/workspace.ts';
import { startUpstream, type Upstream } from '../upstream/upstream.ts';
import { PEERS } from './peers.ts';
import { askOnce, startPeer } from './running-peer.ts';

suite('every installed peer does the same job', () => {
  const workspace = new Workspace();
  let upstream: Upstream;
  before(async () => {
    upstream = await startUpstream(workspace);
  });
  after(() => workspace.close());

  for (const peer of PEERS) {
    const found = peer.available();
    const skip = found.kind === 'missing' ? found.reason : false;
    test(`${peer.name} forwards each route, answers 404 to the rest and logs each request`, { skip }, async () => {
      const running = await startPeer(workspace, peer, { upstreamPort: upstream.port, routes: 12, accessLog: true });
      for (const route of ['/r0', '/r1', '/r11']) {
        assert.match(await askOnce(running.port, `${route}/small`), /^HTTP\/1\.1 200 /, route);
      }
      assert.match(await askOnce(running.port, '/r12/small'), /^HTTP\/1\.1 404 /);
      assert.match(await askOnce(running.port, '/other'), /^HTTP\/1\.1 404 /);
      await untilLogged(workspace, peer.name, '/r11/small');
      await running.stop();
    });
  }
});

async function untilLogged(workspace: Workspace, name: string, text: string): Promise<void> {
  const folder = readdirSync(workspace.folder).find((entry) => entry.endsWith(`-${name}`)) ?? '';
  const log = join(workspace.folder, folder, 'access.log');
  for (let tries = 0; tries < 300; tries++) {
    try {
      if (readFileSync(log, 'utf8').includes(text)) return;
    } catch {
      // Not opened yet.
    }
    await sleep(10);
  }
  assert.fail(`${name} never logged ${text}`);
}
