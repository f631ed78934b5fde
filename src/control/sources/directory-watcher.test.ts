import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { DirectoryWatcher } from './directory-watcher.ts';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'selvage-watcher-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Watches, and hands out one promise per change to come. */
function watching(t: TestContext, folder: string, pollIntervalMs = 60_000) {
  let changed: () => void = () => {};
  let count = 0;
  const onChange = () => {
    count++;
    changed();
  };
  const watcher = new DirectoryWatcher(folder, onChange, { quietMs: 10, pollIntervalMs, auditIntervalMs: 60_000 });
  t.after(() => watcher.close());
  return {
    watcher,
    count: () => count,
    /** Does something and waits until the watcher has told of it. */
    after: async (act: () => void): Promise<void> => {
      const told = new Promise<void>((resolve) => (changed = resolve));
      act();
      await told;
    },
  };
}

const timeout = 5000;

test('DirectoryWatcher tells of files written, added, renamed over and deleted', { timeout }, async (t) => {
  const folder = temporaryFolder(t);
  const { after } = watching(t, folder);
  await after(() => writeFileSync(join(folder, 'a.yaml'), '1'));
  await after(() => writeFileSync(join(folder, 'a.yaml'), '22'));
  for (const text of ['333', '4444']) {
    await after(() => {
      writeFileSync(join(folder, '.a.tmp'), text);
      renameSync(join(folder, '.a.tmp'), join(folder, 'a.yaml'));
    });
  }
  await after(() => rmSync(join(folder, 'a.yaml')));
});

test('DirectoryWatcher tells of files in folders that came later', { timeout }, async (t) => {
  const folder = temporaryFolder(t);
  const { after } = watching(t, folder);
  await after(() => {
    mkdirSync(join(folder, 'new', 'deep'), { recursive: true });
    writeFileSync(join(folder, 'new', 'deep', 'a.yaml'), '1');
  });
  await after(() => writeFileSync(join(folder, 'new', 'deep', 'a.yaml'), '22'));
});

test('DirectoryWatcher stays silent about what is no document', { timeout }, async (t) => {
  const folder = temporaryFolder(t);
  const { after, count } = watching(t, folder);
  writeFileSync(join(folder, '.a.yaml.swp'), 'x');
  writeFileSync(join(folder, '4913'), 'x');
  await after(() => writeFileSync(join(folder, 'a.yaml'), '1'));
  assert.equal(count(), 1);
});

test('DirectoryWatcher tells when the link of a mounted ConfigMap is turned', { timeout }, async (t) => {
  const folder = temporaryFolder(t);
  for (const version of ['..v1', '..v2']) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'a.yaml'), version);
  }
  symlinkSync('..v1', join(folder, '..data'));
  symlinkSync('..data/a.yaml', join(folder, 'a.yaml'));
  const { after } = watching(t, folder);
  await after(() => {
    symlinkSync('..v2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  });
  await after(() => writeFileSync(join(folder, '..v2', 'a.yaml'), 'written in place'));
});

test('DirectoryWatcher outlives a folder that is deleted and recreated', { timeout }, async (t) => {
  const folder = join(temporaryFolder(t), 'conf');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.yaml'), '1');
  const { after } = watching(t, folder);
  await after(() => rmSync(folder, { recursive: true }));
  await after(() => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.yaml'), '2');
  });
  await after(() => writeFileSync(join(folder, 'a.yaml'), '33'));
});

test('DirectoryWatcher follows a folder that is swapped by renames', { timeout }, async (t) => {
  const base = temporaryFolder(t);
  const folder = join(base, 'conf');
  for (const name of ['conf', 'next']) {
    mkdirSync(join(base, name));
    writeFileSync(join(base, name, 'a.yaml'), name);
  }
  const { after } = watching(t, folder);
  await after(() => {
    renameSync(folder, join(base, 'old'));
    renameSync(join(base, 'next'), folder);
  });
  await after(() => writeFileSync(join(folder, 'a.yaml'), 'written in place'));
});

test('DirectoryWatcher polls for a folder whose parent does not exist yet', { timeout }, async (t) => {
  const folder = join(temporaryFolder(t), 'not', 'yet');
  const { after } = watching(t, folder, 20);
  await after(() => mkdirSync(folder, { recursive: true }));
  await after(() => writeFileSync(join(folder, 'a.yaml'), '1'));
});

test('DirectoryWatcher watches a single file', { timeout }, async (t) => {
  const file = join(temporaryFolder(t), 'mesh.conf');
  writeFileSync(file, '1');
  const { after } = watching(t, file);
  await after(() => writeFileSync(file, '22'));
  await after(() => {
    writeFileSync(`${file}.tmp`, '333');
    renameSync(`${file}.tmp`, file);
  });
});

test('DirectoryWatcher tells nothing after it was closed', { timeout }, async (t) => {
  const folder = temporaryFolder(t);
  const closed = watching(t, folder);
  const open = watching(t, folder);
  closed.watcher.close();
  await open.after(() => writeFileSync(join(folder, 'a.yaml'), '1'));
  assert.equal(closed.count(), 0);
});
