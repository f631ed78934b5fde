import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlWatch } from './control-watch.ts';

test('ControlWatch tells each reason that lasts once, and when all is well again', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let failure = '';
  const told: string[] = [];
  const watch = new ControlWatch(
    () => failure,
    (message) => told.push(message),
  );
  t.after(() => watch.close());
  const passes = (seconds: number): void => t.mock.timers.tick(seconds * 1000);
  // A connection that is replaced.
  failure = 'the peer closed the connection';
  passes(2);
  failure = '';
  passes(5);
  assert.deepEqual(told, []);
  failure = 'no way there (here it is 2026-01-01T00:00:00.000Z)';
  passes(3);
  failure = 'no way there (here it is 2026-01-01T00:00:03.000Z)';
  passes(10);
  assert.equal(told.length, 1);
  assert.match(told[0]!, /^no way there .*going on with what is known/);
  failure = 'refused';
  passes(1);
  failure = '';
  passes(1);
  assert.deepEqual(told.slice(1), ['refused (going on with what is known)', 'the control plane is there again']);
  // Somebody waits.
  failure = 'no way there';
  watch.tell();
  assert.equal(told.at(-1), 'no way there (going on with what is known)');
});
