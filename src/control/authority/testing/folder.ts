import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { StateFolder } from '../state-folder.ts';

/** @returns the path of a state folder that is removed after the test */
export function statePath(t: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'selvage-authority-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'state');
}

export function stateFolder(t: TestContext): StateFolder {
  return StateFolder.open(statePath(t));
}
