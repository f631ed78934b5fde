import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import test, { type TestContext } from 'node:test';
import { createTerminal } from './terminal.ts';

const VARIABLES = ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'TERM', 'CI'];

/** @returns what a terminal, or something else, is shown of a red word */
function shown(t: TestContext, isTTY: boolean, env: Readonly<Record<string, string>>): string {
  const before = VARIABLES.map((name) => [name, process.env[name]] as const);
  t.after(() => {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
  for (const name of VARIABLES) delete process.env[name];
  Object.assign(process.env, { TERM: 'xterm-256color' }, env);
  const stream = Object.assign(new PassThrough(), {
    isTTY,
    getColorDepth: () => WriteStream.prototype.getColorDepth(),
  });
  return createTerminal(stream, stream).paint('bad', 'word');
}

test('createTerminal colours what goes to a terminal', (t) => {
  assert.equal(shown(t, true, {}), '\u001b[31mword\u001b[39m');
});

test('createTerminal leaves colours out of pipes and files', (t) => {
  assert.equal(shown(t, false, {}), 'word');
});

test('createTerminal leaves colours out where NO_COLOR is set', (t) => {
  assert.equal(shown(t, true, { NO_COLOR: '1' }), 'word');
});

test('createTerminal sends results to one stream and words for people to the other', () => {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const terminal = createTerminal(out, err);
  terminal.print('result');
  terminal.say('words');
  assert.equal(String(out.read()), 'result\n');
  assert.equal(String(err.read()), 'words\n');
});
