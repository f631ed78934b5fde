import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields } from './fields.ts';

test('Fields.valid looks through what nobody has vouched for', () => {
  assert.equal(new Fields().valid, true);
  assert.equal(new Fields(['a', 'b']).valid, true);
  assert.equal(new Fields(['a', 'b\r\n']).valid, false);
  assert.equal(new Fields(['A', 'b']).valid, false);
});

test('Fields.valid notices what is set', () => {
  const fields = new Fields(['a', 'b'], true);
  fields.append('c', 'd');
  fields.set('a', 'e');
  assert.equal(fields.valid, true);
  fields.set('a', 'e\nf');
  assert.equal(fields.valid, false);
  assert.equal(fields.clone().valid, false);
  fields.set('a', 'e');
  assert.equal(fields.valid, true);
  fields.append('X', 'y');
  assert.equal(fields.valid, false);
});

test('Fields joins, replaces and removes lines of one name (RFC 9110 §5.3)', () => {
  const fields = new Fields(['a', '1', 'b', '2', 'a', '3']);
  assert.deepEqual([fields.get('a'), fields.first('a'), fields.get('x'), fields.size], ['1, 3', '1', undefined, 3]);
  fields.set('a', '4');
  assert.deepEqual(fields.entries, ['a', '4', 'b', '2']);
  fields.remove('a');
  assert.deepEqual(fields.entries, ['b', '2']);
  assert.deepEqual([fields.has('a'), fields.has('b')], [false, true]);
});
