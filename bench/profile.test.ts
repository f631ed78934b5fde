import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { selfTimes, type CpuProfile } from './profile.ts';

test('selfTimes sums samples by function, leaves idle time out and sorts', () => {
  const here = pathToFileURL(join(import.meta.dirname, 'profile.ts')).href;
  const node = (id: number, functionName: string, url = '', lineNumber = -1) => ({
    id,
    callFrame: { functionName, url, lineNumber },
  });
  const profile: CpuProfile = {
    // Two nodes of one function: it was called from two places.
    nodes: [node(1, '(idle)'), node(2, 'parse', here, 9), node(3, 'parse', here, 9), node(4, '', 'node:net', 41)],
    samples: [1, 2, 4, 3, 1],
    timeDeltas: [50_000, 2_000, 1_000, 1_000, 50_000],
  };
  assert.deepEqual(selfTimes(profile), [
    { name: 'parse', where: 'bench/profile.ts:10', selfMs: 3, share: 0.75 },
    { name: '(anonymous)', where: 'node:net:42', selfMs: 1, share: 0.25 },
  ]);
});
