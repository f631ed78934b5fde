import assert from 'node:assert/strict';
import test from 'node:test';
import { UsageError } from './arguments.ts';
import type { Command } from './command.ts';
import { parseArguments } from './parse-arguments.ts';

const command: Command = {
  name: 'serve',
  summary: '',
  description: [],
  positionals: [
    { name: 'folder', required: true, description: 'a folder' },
    { name: 'other', required: false, description: 'another one' },
  ],
  options: [
    { name: 'port', value: '<port>', description: '' },
    { name: 'header', short: 'H', value: '<header>', repeatable: true, description: '' },
    { name: 'quiet', description: '' },
  ],
  examples: [],
  run: async () => 0,
};

const refusal = (...words: string[]): string => {
  try {
    parseArguments(command, words);
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message;
  }
  throw new Error(`${words.join(' ')} was taken`);
};

test('parseArguments finds values, wherever they stand', () => {
  const args = parseArguments(command, ['--port=80', 'x', '-H', 'a: b', '--quiet', '--header', 'c', '--', '-y']);
  assert.equal(args.positional('folder'), 'x');
  assert.equal(args.positional('other'), '-y');
  assert.equal(args.value('port'), '80');
  assert.deepEqual(args.values('header'), ['a: b', 'c']);
  assert.equal(args.has('quiet'), true);
});

test('parseArguments gives nothing for what is not there', () => {
  const args = parseArguments(command, ['x']);
  assert.equal(args.positional('other'), undefined);
  assert.equal(args.value('port'), undefined);
  assert.deepEqual(args.values('header'), []);
  assert.equal(args.has('quiet'), false);
});

test('parseArguments says what is wrong', () => {
  assert.equal(refusal('x', '--prot', '80'), 'unknown option --prot (did you mean --port?)');
  assert.equal(refusal('x', '--zebra'), 'unknown option --zebra (selvage serve --help lists the options)');
  assert.equal(refusal('x', '-q'), 'unknown option -q (selvage serve --help lists the options)');
  assert.equal(refusal('x', '--port'), '--port needs a value: --port <port>');
  assert.equal(refusal('x', '--port', '--quiet'), '--port needs a value: --port <port>');
  assert.equal(refusal('x', '--port', '1', '--port', '2'), '--port is given twice');
  assert.equal(refusal('x', '--quiet=yes'), '--quiet takes no value');
  assert.equal(refusal(), 'folder is missing: a folder (selvage serve --help shows examples)');
  assert.equal(refusal('x', 'y', 'z'), "unexpected argument 'z' (selvage serve --help says what it takes)");
});

test('parseArguments leaves the words behind -- to the positional that takes the rest', () => {
  const wrapper: Command = {
    ...command,
    positionals: [{ name: 'command', required: true, rest: true, description: 'what to start' }],
  };
  const args = parseArguments(wrapper, ['--port', '1', '--', 'node', '--port', '2', '--', 'x']);
  assert.deepEqual([args.value('port'), args.rest], ['1', ['node', '--port', '2', '--', 'x']]);
  assert.throws(() => parseArguments(wrapper, ['--port', '1']), /command is missing/);
  assert.throws(() => parseArguments(wrapper, ['--port', '1', '--']), /command is missing/);
  assert.throws(() => parseArguments(wrapper, ['node', '--', 'x']), /unexpected argument 'node'/);
});
