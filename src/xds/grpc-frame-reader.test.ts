import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodePrefix, GrpcFrameReader } from './grpc-frame-reader.ts';

function createReader(limitBytes = 1000) {
  const told: string[] = [];
  const reader = new GrpcFrameReader(
    {
      message: (message) => told.push(Buffer.from(message).toString('latin1')),
      malformed: (reason, tooLarge) => told.push(`${tooLarge ? 'too large' : 'malformed'}: ${reason}`),
    },
    limitBytes,
  );
  return { told, reader };
}

const framed = (message: string): Buffer =>
  Buffer.concat([encodePrefix(message.length), Buffer.from(message, 'latin1')]);

test('GrpcFrameReader gives the same messages however their octets are split', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 });
  const texts = fc.array(fc.string({ unit: 'binary-ascii', maxLength: 100 }), { maxLength: 8 });
  fc.assert(
    fc.property(texts, sizes, (messages, sizes) => {
      const { told, reader } = createReader();
      const octets = Buffer.concat(messages.map(framed));
      for (let at = 0, turn = 0; at < octets.length; turn++) {
        const chunk = Buffer.from(octets.subarray(at, at + sizes[turn % sizes.length]!));
        reader.read(chunk);
        chunk.fill(0xff);
        at += chunk.length;
      }
      assert.deepEqual(told, messages);
      assert.equal(reader.isWithinMessage, false);
    }),
  );
});

test('GrpcFrameReader tells of a message that is too large as soon as its length is known, and reads no more', () => {
  const { told, reader } = createReader(10);
  reader.read(Buffer.concat([framed('0123456789'), encodePrefix(11)]));
  reader.read(framed('a'));
  assert.deepEqual(told, ['0123456789', 'too large: message has 11 octets, 10 are allowed']);
});

test('GrpcFrameReader reads lengths beyond 31 bits as they are', () => {
  const { told, reader } = createReader(10);
  reader.read(Buffer.from('00ffffffff', 'hex'));
  assert.deepEqual(told, ['too large: message has 4294967295 octets, 10 are allowed']);
});

test('GrpcFrameReader refuses compressed messages, also when the flag came in a chunk of its own', () => {
  const { told, reader } = createReader();
  reader.read(Buffer.from([1]));
  reader.read(Buffer.from([0, 0, 0, 0]));
  assert.deepEqual(told, ['malformed: message is compressed, which was not agreed on']);
});
