import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUuidV7 } from './uuid-v7.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('createUuidV7 writes version 7 and the variant (RFC 9562 §5.7)', () => {
  for (let i = 0; i < 2000; i++) assert.match(createUuidV7(), UUID_V7);
});

test('createUuidV7 begins with the time in ms', (t) => {
  // Ahead of the clock: the generator of this thread never steps back.
  const nowMs = Date.now() + 3_600_000;
  t.mock.timers.enable({ apis: ['Date'], now: nowMs });
  const id = createUuidV7();
  assert.equal(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), nowMs);
});

test('createUuidV7 ascends and never repeats within a millisecond, also when its counter is full', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 7_200_000 });
  const ids = Array.from({ length: 20_000 }, createUuidV7);
  assert.deepEqual(ids, ids.toSorted());
  assert.equal(new Set(ids).size, ids.length);
});

test('createUuidV7 ascends when the clock steps back', (t) => {
  const nowMs = Date.now() + 10_800_000;
  t.mock.timers.enable({ apis: ['Date'], now: nowMs });
  const before = createUuidV7();
  t.mock.timers.setTime(nowMs - 5000);
  assert.ok(createUuidV7() > before);
});

test('createUuidV7 varies all of its random digits', () => {
  const ids = Array.from({ length: 500 }, createUuidV7);
  for (const at of [20, 21, 22, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35]) {
    assert.equal(new Set(ids.map((id) => id[at])).size, 16, `digit ${at}`);
  }
  assert.equal(new Set(ids.map((id) => id[19])).size, 4, 'variant');
});
