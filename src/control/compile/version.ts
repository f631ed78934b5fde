import { hash } from 'node:crypto';
import { deepFreeze } from '#model/schema/freeze.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';

/**
 * Tells contents apart in 16 hexadecimal digits: enough for every resource that a mesh will ever have, and the same in
 * every process, so that a proxy recognises after a restart what it has.
 */
export function contentVersion(content: string): string {
  return hash('sha256', content, 'hex').slice(0, 16);
}

/**
 * Freezes a resource and gives it its version.
 *
 * @param content with its fields in a fixed order: each type is put together in one place only, which makes its JSON
 * canonical
 */
export function versioned<T extends SnapshotResource>(content: Omit<T, 'version'>): T {
  return deepFreeze({ ...content, version: contentVersion(JSON.stringify(content)) }) as unknown as T;
}
