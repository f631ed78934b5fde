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

test('table keeps columns where cells have colours, and shows escape sequences of others as text', () => {
  const paint = (tone: string, text: string): string => `<${tone}>${text}</>`;
  const toneOf = (head: string) => (head === 'state' ? ('good' as const) : undefined);
  assert.deepEqual(
    table(
      ['state', 'reason'],
      [
        ['ready', '\u001b[31mred\u202e'],
        ['ok', 'a\nb'],
      ],
      { paint, toneOf },
    ),
    ['<faint>STATE</>  <faint>REASON</>', '<good>ready</>  \\u001b[31mred\\u202e', '<good>ok</>     a\\u000ab'],
  );
});
