import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BuiltInKeys } from './built-in-keys.ts';
import { JoinTokens } from './join-tokens.ts';
import { StateFolder } from './state-folder.ts';
import { statePath } from './testing/folder.ts';
import { domain } from './testing/mesh.ts';

const open = (path: string): BuiltInKeys => BuiltInKeys.open(StateFolder.open(path), domain, 86_400_000, Date.now());

test('StateFolder makes a folder and files that only their owner may access', (t) => {
  const path = statePath(t);
  open(path);
  JoinTokens.open(StateFolder.open(path)).close();
  assert.equal(statSync(path).mode & 0o777, 0o700);
  const names = readdirSync(path);
  assert.deepEqual(names.sort(), ['authority', 'join-tokens.sqlite']);
  for (const name of names) assert.equal(statSync(join(path, name)).mode & 0o777, 0o600, name);
});

test('the authority does not start from a folder or a file that others may access', (t) => {
  const path = statePath(t);
  open(path);
  chmodSync(path, 0o755);
  assert.throws(() => open(path), /other users may access it \(mode 0755; run chmod 700 /);
  chmodSync(path, 0o700);
  chmodSync(join(path, 'authority'), 0o640);
  assert.throws(() => open(path), /authority: other users may access it \(mode 0640; run chmod 600 /);
  chmodSync(join(path, 'authority'), 0o600);
  assert.equal(open(path).bundle.version, 1);
});

test('join tokens are not read from a file that others may access', (t) => {
  const path = statePath(t);
  const folder = StateFolder.open(path);
  JoinTokens.open(folder).close();
  chmodSync(join(path, 'join-tokens.sqlite'), 0o604);
  assert.throws(() => JoinTokens.open(folder), /mode 0604; run chmod 600/);
});

test('StateFolder does not follow links that others may have laid', (t) => {
  const path = statePath(t);
  const folder = StateFolder.open(path);
  writeFileSync(join(path, 'elsewhere'), 'x', { mode: 0o600 });
  symlinkSync(join(path, 'elsewhere'), join(path, 'authority'));
  assert.throws(() => folder.read('authority'), /not a regular file/);
  mkdirSync(join(path, 'folder'));
  assert.throws(() => folder.read('folder'), /not a regular file/);
  symlinkSync(path, `${path}-link`);
  assert.throws(() => StateFolder.open(`${path}-link`), /not a folder/);
});

test('StateFolder.write leaves the old file whole where it cannot write the new one', (t) => {
  const path = statePath(t);
  const folder = StateFolder.open(path);
  folder.write('a', 'old');
  assert.throws(() => folder.write('a', Symbol('not text') as never));
  assert.equal(folder.read('a'), 'old');
  assert.deepEqual(readdirSync(path), ['a']);
  folder.write('a', 'new');
  assert.equal(folder.read('a'), 'new');
});

test('StateFolder.create succeeds once', (t) => {
  const folder = StateFolder.open(statePath(t));
  assert.equal(folder.create('a', 'first'), true);
  assert.equal(folder.create('a', 'second'), false);
  assert.equal(folder.read('a'), 'first');
});

test('the authority comes back with the same root, and refuses another trust domain', (t) => {
  const path = statePath(t);
  const { bundle } = open(path);
  assert.deepEqual(open(path).bundle, bundle);
  const folder = StateFolder.open(path);
  const other = 'other.test' as typeof domain;
  assert.throws(
    () => BuiltInKeys.open(folder, other, 86_400_000, Date.now()),
    /of trust domain mesh.test, not of other.test/,
  );
});

test('the authority does not start from a damaged file, does not replace it, and quotes nothing of it', (t) => {
  const path = statePath(t);
  open(path);
  const file = join(path, 'authority');
  const text = readFileSync(file, 'utf8');
  const secret = /BEGIN PRIVATE KEY-----\\n([^\\]+)/.exec(text)![1]!;
  for (const damaged of [
    '',
    text.slice(0, -20),
    text.replace('"bundleVersion": 1', '"bundleVersion": 9'),
    'x'.repeat(99),
  ]) {
    writeFileSync(file, damaged);
    assert.throws(
      () => open(path),
      (error: Error) => {
        assert.match(error.message, /cannot read the certificate authority from .*restore the file from a backup/);
        assert.ok(!error.message.includes(secret));
        return true;
      },
    );
    assert.equal(readFileSync(file, 'utf8'), damaged);
  }
});

test('damaged join tokens are told from missing ones', (t) => {
  const path = statePath(t);
  const folder = StateFolder.open(path);
  const file = join(path, 'join-tokens.sqlite');
  JoinTokens.open(folder).close();
  const bytes = readFileSync(file);
  writeFileSync(file, 'not a database at all, but text of some length that is longer than a header');
  assert.throws(() => JoinTokens.open(folder), /cannot read the join tokens from .*(restore|delete)/);
  writeFileSync(file, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0xff)]));
  assert.throws(() => JoinTokens.open(folder), /cannot read the join tokens/);
  writeFileSync(file, bytes);
  JoinTokens.open(folder).close();
});
