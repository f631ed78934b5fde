import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPrivateFileProblem, findPrivateFolderProblem, type PathStat } from './private-path.ts';

const stat = (mode: number, kind: 'file' | 'folder' | 'link' = 'file', uid = 7): PathStat => ({
  mode,
  uid,
  isFile: () => kind === 'file',
  isDirectory: () => kind === 'folder',
});

test('findPrivateFileProblem accepts what only the owner may access', () => {
  for (const mode of [0o100600, 0o100400]) assert.equal(findPrivateFileProblem('/s/key', stat(mode), 7), undefined);
});

test('findPrivateFileProblem refuses every bit for others and says how to mend it', () => {
  for (const bit of [0o040, 0o020, 0o010, 0o004, 0o002, 0o001])
    assert.match(findPrivateFileProblem('/s/key', stat(0o100600 | bit), 7) ?? '', /chmod 600 \/s\/key/);
  assert.equal(
    findPrivateFileProblem('/s/key', stat(0o100644), 7),
    'cannot use /s/key: other users may access it (mode 0644; run chmod 600 /s/key)',
  );
});

test('findPrivateFileProblem refuses files of other users, links and folders', () => {
  assert.match(findPrivateFileProblem('/s/key', stat(0o100600), 8) ?? '', /belongs to user 7/);
  assert.match(findPrivateFileProblem('/s/key', stat(0o120777, 'link'), 7) ?? '', /not a regular file/);
  assert.match(findPrivateFileProblem('/s/key', stat(0o040700, 'folder'), 7) ?? '', /not a regular file/);
});

test('findPrivateFolderProblem refuses folders that others may enter', () => {
  assert.equal(findPrivateFolderProblem('/s', stat(0o040700, 'folder'), 7), undefined);
  assert.match(findPrivateFolderProblem('/s', stat(0o040750, 'folder'), 7) ?? '', /mode 0750; run chmod 700 \/s/);
  assert.match(findPrivateFolderProblem('/s', stat(0o100600), 7) ?? '', /not a folder/);
});
