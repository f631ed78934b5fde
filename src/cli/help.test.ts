import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { createCommands, loadAll } from './commands.ts';
import { commandHelp, programHelp } from './help.ts';
import { plain } from './terminal.ts';

const DOCUMENT = new URL('../../docs/cli.md', import.meta.url);
const done = async () => 0;
const commands = await loadAll(
  createCommands({
    version: '0.0.0',
    up: done,
    control: done,
    gateway: done,
    run: done,
    token: done,
    root: done,
    get: done,
    describe: done,
    check: done,
    status: done,
  }),
);

/** The part of the document that is made of help texts; what stands above it is written by hand. */
function reference(): string {
  const sections = commands.map(
    (command) => `### selvage ${command.name}\n\n\`\`\`text\n${commandHelp(command, plain)}\n\`\`\`\n`,
  );
  return ['## Reference\n', `\`\`\`text\n${programHelp(commands, plain)}\n\`\`\`\n`, ...sections].join('\n');
}

test('docs/cli.md says what help says (UPDATE_DOCS=1 writes it)', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  const start = text.indexOf('## Reference\n');
  assert.notEqual(start, -1);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(DOCUMENT, text.slice(0, start) + reference());
  else assert.equal(text.slice(start), reference());
});

test('help fits into a terminal of 80 columns, apart from examples', () => {
  for (const command of commands) {
    const lines = commandHelp(command, plain).split('\n');
    const examples = new Set(command.examples.map(({ command: line }) => `  ${line}`));
    for (const line of lines) assert.ok(line.length <= 80 || examples.has(line), line);
  }
});

test('help tells of every option and its default or effect', () => {
  for (const command of commands) {
    const text = commandHelp(command, plain);
    for (const { name } of command.options) assert.ok(text.includes(`--${name}`), name);
  }
});
