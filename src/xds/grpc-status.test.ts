import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeStatusMessage, encodeStatusMessage } from './grpc-status.ts';

test('encodeStatusMessage encodes what cannot stand in a field, and no more', () => {
  assert.equal(encodeStatusMessage('100% of "type/x": ü\n'), '100%25 of "type/x": %C3%BC%0A');
});

test('decodeStatusMessage reads any encoded text, and leaves what is not encoded well', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const encoded = encodeStatusMessage(text);
      assert.match(encoded, /^[ -~]*$/);
      assert.equal(decodeStatusMessage(encoded), text.toWellFormed());
    }),
  );
  assert.equal(decodeStatusMessage('50% of %zz'), '50% of %zz');
});
