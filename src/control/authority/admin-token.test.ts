import assert from 'node:assert/strict';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { openAdminToken, readAdminToken } from './admin-token.ts';
import { stateFolder } from './testing/folder.ts';

test('openAdminToken makes a token once, which nobody else may read', (t) => {
  const folder = stateFolder(t);
  assert.equal(readAdminToken(folder), undefined);
  const token = openAdminToken(folder);
  assert.match(token, /^sva_[0-9a-f]{64}$/);
  assert.equal(openAdminToken(folder), token);
  const path = folder.pathOf('admin-token');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  chmodSync(path, 0o644);
  assert.throws(() => openAdminToken(folder), /other users may access it/);
  chmodSync(path, 0o600);
  writeFileSync(path, 'sva_1234');
  assert.throws(
    () => openAdminToken(folder),
    (error: Error) => /is damaged/.test(error.message) && !/1234/.test(error.message),
  );
});
