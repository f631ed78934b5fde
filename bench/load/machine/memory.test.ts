import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryUse, parseSmapsRollup } from './memory.ts';

test('parseSmapsRollup reads Rss and Pss and not the fields whose names contain them', () => {
  const text = `5581-7ffc ---p 00000000 00:00 0    [rollup]
Rss:                5120 kB
Pss:                3072 kB
Pss_Dirty:          1024 kB
SwapPss:               7 kB
`;
  assert.deepEqual(parseSmapsRollup(text), { rssKiB: 5120, pssKiB: 3072 });
});

test('memoryUse sees this process', () => {
  const { rssKiB, pssKiB } = memoryUse(process.pid);
  assert.ok(rssKiB > 10_000 && pssKiB > 0 && pssKiB <= rssKiB, `${rssKiB} ${pssKiB}`);
});
