import { randomBytes } from 'node:crypto';
import type { StateFolder } from './state-folder.ts';

const FILE = 'admin-token';
const FORM = /^sva_[0-9a-f]{64}$/;

/**
 * Reads the token that orders over the admin API need, and makes one at the first start. Whoever may read the state folder
 * may give orders; that a request comes from this machine is not enough.
 *
 * @throws where the file is damaged, or others may read it
 */
export function openAdminToken(folder: StateFolder): string {
  return readAdminToken(folder) ?? createAdminToken(folder);
}

/** @returns undefined where there is none yet @throws where the file is damaged, or others may read it */
export function readAdminToken(folder: StateFolder): string | undefined {
  const token = folder.read(FILE)?.trim();
  if (token === undefined || FORM.test(token)) return token;
  throw new Error(
    `cannot read the admin token from ${folder.pathOf(FILE)}: it is damaged (delete the file to get another one)`,
  );
}

function createAdminToken(folder: StateFolder): string {
  const token = `sva_${randomBytes(32).toString('hex')}`;
  return folder.create(FILE, `${token}\n`) ? token : readAdminToken(folder)!;
}
