import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_LAG_BYTES, MirroredContent } from './mirrored-content.ts';

const createSink = (writable: () => boolean) => {
  const sink = {
    text: '',
    ended: 0,
    write(chunk: Uint8Array) {
      sink.text += Buffer.from(chunk).toString('latin1');
      return writable();
    },
    end: () => void sink.ended++,
    abort: () => {},
  };
  return sink;
};

test('MirroredContent never says no, and keeps the order whatever its sink says', () => {
  let writable = false;
  const sink = createSink(() => writable);
  const content = new MirroredContent(() => assert.fail('gave up'));
  assert.equal(content.write(Buffer.from('a')), true);
  content.attach(sink);
  assert.equal(content.write(Buffer.from('b')), true);
  content.write(Buffer.from('c'));
  content.end(null);
  assert.deepEqual([sink.text, sink.ended], ['a', 0]);
  writable = true;
  content.resume();
  assert.deepEqual([sink.text, sink.ended], ['abc', 1]);
  content.resume();
  assert.equal(sink.ended, 1);
});

test('MirroredContent is given up once where it lags too far, and keeps nothing behind that', () => {
  let gaveUp = 0;
  const content = new MirroredContent(() => void gaveUp++);
  content.write(Buffer.alloc(MAX_LAG_BYTES));
  assert.equal(gaveUp, 0);
  content.write(Buffer.alloc(1));
  content.write(Buffer.alloc(1));
  content.abort();
  assert.equal(gaveUp, 1);
  const sink = createSink(() => true);
  content.attach(sink);
  content.end(null);
  assert.deepEqual([sink.text, sink.ended], ['', 0]);
});
