import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BodySink } from '#http/body.ts';
import { REPLAY_BYTES, ReplayBuffer } from './replay-buffer.ts';

const createSink = (): BodySink & { text: string; ended: boolean } => ({
  text: '',
  ended: false,
  write(chunk) {
    this.text += Buffer.from(chunk).toString('latin1');
    return true;
  },
  end() {
    this.ended = true;
  },
  abort: () => {},
});

test('ReplayBuffer sends all again, with what came between two attempts', () => {
  const replay = new ReplayBuffer();
  const [first, second] = [createSink(), createSink()];
  replay.attach(first);
  replay.write(Buffer.from('one'));
  replay.detach();
  assert.equal(replay.write(Buffer.from('two')), false);
  replay.attach(second);
  replay.write(Buffer.from('three'));
  replay.end(null);
  assert.deepEqual([first.text, second.text, second.ended], ['one', 'onetwothree', true]);
});

test('ReplayBuffer never sends a hole: what comes between two attempts is kept beyond the bound', () => {
  const replay = new ReplayBuffer();
  const [first, second] = [createSink(), createSink()];
  replay.attach(first);
  replay.write(Buffer.alloc(REPLAY_BYTES - 1, 'a'));
  replay.detach();
  replay.write(Buffer.alloc(1000, 'b'));
  assert.equal(replay.replayable, true);
  replay.attach(second);
  replay.write(Buffer.from('c'));
  assert.equal(second.text, 'a'.repeat(REPLAY_BYTES - 1) + 'b'.repeat(1000) + 'c');
  assert.equal(replay.replayable, false, 'and once sent, it is forgotten');
});

test('ReplayBuffer keeps no more than its bound', () => {
  const replay = new ReplayBuffer();
  replay.attach(createSink());
  replay.write(Buffer.alloc(REPLAY_BYTES));
  assert.equal(replay.replayable, true);
  replay.write(Buffer.alloc(1));
  assert.equal(replay.replayable, false);
});
