import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { readSavedCopy, SavedCopyFile } from './saved-copy-file.ts';
import { decodeSavedCopy, encodeSavedCopy } from './saved-copy.ts';
import { endpoints, resource } from './testing/resources.ts';

const RESOURCES = [resource('cluster', 'a', '1'), endpoints('a', '2')];
const OWNER = 'spiffe://mesh/ns/shop/sa/cart';

async function createFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'selvage-saved-copy-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('decodeSavedCopy decodes what encodeSavedCopy encoded', () => {
  assert.deepEqual(decodeSavedCopy(OWNER, encodeSavedCopy(OWNER, RESOURCES)), { usable: true, resources: RESOURCES });
  assert.deepEqual(decodeSavedCopy(OWNER, encodeSavedCopy(OWNER, [])), { usable: true, resources: [] });
});

test('decodeSavedCopy uses no copy in which any octet differs, or that is cut', () => {
  const octets = encodeSavedCopy(OWNER, RESOURCES);
  fc.assert(
    fc.property(fc.nat(octets.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, flip, cut) => {
      const damaged = Buffer.from(cut ? octets.subarray(0, at) : octets);
      if (!cut) damaged[at] = damaged[at]! ^ flip;
      assert.equal(decodeSavedCopy(OWNER, damaged).usable, false);
    }),
  );
});

test('decodeSavedCopy says why a copy is of no use', () => {
  const octets = encodeSavedCopy(OWNER, RESOURCES).toString();
  const unknown = encodeSavedCopy(OWNER, [{ type: 'spaceship', name: 'x', version: '1' } as never]);
  const cases: [string, Buffer, RegExp][] = [
    ['empty', Buffer.alloc(0), /not a saved copy/],
    ['of another format', Buffer.from(octets.replace('copy 1 ', 'copy 2 ')), /of format 2, this version reads 1/],
    ['cut', Buffer.from(octets.slice(0, -1)), /damaged/],
    ['of another proxy', encodeSavedCopy('spiffe://mesh/ns/shop/sa/pay', RESOURCES), /belongs to .*pay/],
    ['of an unknown type', unknown, /no known type/],
  ];
  for (const [name, copy, reason] of cases) {
    const result = decodeSavedCopy(OWNER, copy);
    assert.match(result.usable ? 'it is usable' : result.reason, reason, name);
  }
});

test('SavedCopyFile writes changes of one turn once, and readSavedCopy reads them', async (t) => {
  const path = join(await createFolder(t), 'copy');
  let writes = 0;
  const encode = (): Buffer => encodeSavedCopy(OWNER, [resource('cluster', 'a', String(++writes))]);
  const file = new SavedCopyFile(path, encode, assert.fail);
  for (let i = 0; i < 10; i++) file.changed();
  await file.flushed();
  assert.equal(writes, 1);
  assert.deepEqual(await readSavedCopy(path, OWNER), { usable: true, resources: [resource('cluster', 'a', '1')] });
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  file.changed();
  await file.flushed();
  assert.equal((await readFile(path, 'utf8')).includes('"version":"2"'), true);
});

test('SavedCopyFile says that it cannot write, and readSavedCopy that it cannot read', async (t) => {
  const path = join(await createFolder(t), 'missing', 'copy');
  const reasons: string[] = [];
  const file = new SavedCopyFile(
    path,
    () => Buffer.alloc(0),
    (reason) => reasons.push(reason),
  );
  file.changed();
  await file.flushed();
  assert.deepEqual(reasons, [`cannot write ${path}: ENOENT`]);
  assert.deepEqual(await readSavedCopy(path, OWNER), { usable: false, reason: `cannot read ${path}: ENOENT` });
});

test('readSavedCopy ignores a damaged file', async (t) => {
  const path = join(await createFolder(t), 'copy');
  await writeFile(path, encodeSavedCopy(OWNER, RESOURCES).fill(0x20, 120, 125));
  assert.equal((await readSavedCopy(path, OWNER)).usable, false);
});
