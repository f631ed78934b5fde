import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backgroundShare, parseMachineTicks } from './background.ts';

test('parseMachineTicks counts waiting for disks as idle, stolen time as busy and guests not twice', () => {
  const text = 'cpu  100 10 50 800 20 1 2 17 5 5\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n';
  assert.deepEqual(parseMachineTicks(text), { idle: 820, total: 1000 });
});

test('backgroundShare is a share', async () => {
  const share = await backgroundShare();
  assert.ok(share >= 0 && share <= 1, `${share}`);
});
