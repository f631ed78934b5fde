import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTiming, measure } from './measure.ts';

test('measure tells a slow function from a fast one', () => {
  const spin = (turns: number) => (): number => {
    let sum = 0;
    for (let turn = 0; turn < turns; turn++) sum = (sum + Math.imul(sum ^ turn, 31)) | 0;
    return sum;
  };
  const options = { sampleMs: 5, samples: 5 };
  const fast = measure('fast', spin(100), options);
  const slow = measure('slow', spin(10_000), options);
  assert.ok(slow.medianNs > fast.medianNs * 10, `${slow.medianNs} ${fast.medianNs}`);
  assert.ok(fast.leastNs <= fast.medianNs && fast.medianNs <= fast.greatestNs);
});

test('formatTiming writes name, median and spread', () => {
  const line = formatTiming({ name: 'decode', medianNs: 12.34, leastNs: 10, greatestNs: 20 });
  assert.match(line, /^decode +12\.3 ns {2}\(10\.0 to 20\.0\)$/);
});
