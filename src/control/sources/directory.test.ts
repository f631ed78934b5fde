import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { maxFileBytes, readDirectory } from './directory.ts';

function folderWith(t: TestContext, files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'selvage-directory-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

test('readDirectory reads documents at any depth, sorted, and nothing else', (t) => {
  const folder = folderWith(t, {
    'b.yml': 'b',
    'a.yaml': 'a',
    'a/z.json': 'z',
    'a/deep/er.yaml': 'er',
    'Z.yaml': 'Z',
    '.hidden.yaml': '',
    '.git/x.yaml': '',
    'a.yaml~': '',
    '.a.yaml.swp': '',
    'notes.txt': '',
    '#a.yaml#': '',
  });
  const { files, unreadable } = readDirectory(folder);
  assert.deepEqual(
    files.map(({ file, text }) => [file.slice(folder.length + 1), text]),
    [
      ['Z.yaml', 'Z'],
      ['a/deep/er.yaml', 'er'],
      ['a/z.json', 'z'],
      ['a.yaml', 'a'],
      ['b.yml', 'b'],
    ],
  );
  assert.deepEqual(unreadable, []);
});

test('readDirectory reads one file of any name', (t) => {
  const folder = folderWith(t, { 'mesh.conf': 'text' });
  assert.deepEqual(readDirectory(join(folder, 'mesh.conf')).files, [{ file: join(folder, 'mesh.conf'), text: 'text' }]);
});

test('readDirectory follows links, ends in cycles and reads nothing twice', (t) => {
  const folder = folderWith(t, { '..v1/routes.yaml': 'routes', 'sub/own.yaml': 'own' });
  symlinkSync('..v1', join(folder, '..data'));
  symlinkSync('..data/routes.yaml', join(folder, 'routes.yaml'));
  symlinkSync('routes.yaml', join(folder, 'same.yaml'));
  symlinkSync('..', join(folder, 'sub', 'up'));
  symlinkSync('nowhere', join(folder, 'dangling'));
  symlinkSync('itself', join(folder, 'itself'));
  const { files, unreadable } = readDirectory(folder);
  assert.deepEqual(
    files.map(({ text }) => text),
    ['routes', 'own'],
  );
  assert.deepEqual(unreadable, []);
});

test('readDirectory names what it cannot read and reads the rest', (t) => {
  const folder = folderWith(t, { 'big.yaml': '', 'latin1.yaml': Buffer.from([0x61, 0xe9]), 'good.yaml': 'good' });
  truncateSync(join(folder, 'big.yaml'), maxFileBytes + 1);
  symlinkSync('nowhere.yaml', join(folder, 'lost.yaml'));
  const { files, unreadable } = readDirectory(folder);
  assert.deepEqual(
    files.map(({ text }) => text),
    ['good'],
  );
  assert.deepEqual(
    new Map(unreadable.map(({ location, message }) => [location.file, message.slice(message.lastIndexOf(': ') + 2)])),
    new Map([
      [join(folder, 'big.yaml'), 'larger than 16 MiB'],
      [join(folder, 'latin1.yaml'), 'not UTF-8'],
      [join(folder, 'lost.yaml'), 'no such file or folder'],
    ]),
  );
});

test('readDirectory calls an absent folder unreadable, not empty', (t) => {
  const missing = join(folderWith(t, {}), 'conf');
  const { files, unreadable } = readDirectory(missing);
  assert.deepEqual(files, []);
  assert.deepEqual(
    unreadable.map(({ message }) => message),
    [`cannot read ${missing}: no such file or folder`],
  );
});
