import assert from 'node:assert/strict';
import test from 'node:test';
import { table } from './table.ts';

test('table makes columns as wide as their widest cell, and leaves no blanks at the end', () => {
  assert.deepEqual(
    table(
      ['id', 'state'],
      [
        ['cart-1', 'ready'],
        ['x', ''],
      ],
    ),
    ['ID      STATE', 'cart-1  ready', 'x'],
  );
});
