import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { readSavedCopy } from '#xds/saved-copy-file.ts';
import type { PrivateFiles } from './private-files.ts';

/**
 * Reads what a proxy knew in its last life.
 *
 * @param name of the file
 * @param owner who must have saved it
 * @param warn told why it cannot be used, where there is one
 * @returns nothing where none is to be used: what is missing is asked for
 */
export async function restoreSaved(
  files: PrivateFiles,
  name: string,
  owner: string,
  warn: (message: string) => void,
): Promise<readonly SnapshotResource[]> {
  const path = files.pathOf(name);
  let reason: string;
  try {
    if (!files.has(name)) return [];
    const copy = await readSavedCopy(path, owner);
    if (copy.usable) return copy.resources;
    reason = `cannot use ${path}: ${copy.reason}`;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  warn(`${reason}; what it held is asked of the control plane`);
  return [];
}
