import { createHash } from 'node:crypto';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { isResource } from './client/resource-decoder.ts';
import { TYPES_IN_ORDER } from './resource-type.ts';

/** A copy as it was saved, or why it is of no use. */
export type RestoredCopy =
  | { readonly usable: true; readonly resources: readonly SnapshotResource[] }
  | { readonly usable: false; readonly reason: string };

/** Goes up when an older Selvage could not read what a newer one writes, or the other way round. */
const FORMAT = 1;
const MAGIC = 'selvage-discovery-copy';
const HEAD = /^selvage-discovery-copy (\d{1,9}) sha256=([0-9a-f]{64})$/;

/**
 * Encodes what a proxy has, so that it can start without its control plane. It may hold private keys.
 * @param owner who may use it: what tells this proxy's copies from those of others
 */
export function encodeSavedCopy(owner: string, resources: Iterable<SnapshotResource>): Buffer {
  const body = Buffer.from(JSON.stringify({ owner, resources: [...resources] }));
  return Buffer.concat([Buffer.from(`${MAGIC} ${FORMAT} sha256=${digest(body)}\n`), body]);
}

/** Decodes what {@link encodeSavedCopy} encoded. A copy that is damaged or somebody else's is not used in part. */
export function decodeSavedCopy(owner: string, octets: Buffer): RestoredCopy {
  const end = octets.indexOf('\n');
  const head = HEAD.exec(octets.toString('latin1', 0, Math.max(0, end)));
  if (head === null) return unusable('it is not a saved copy');
  if (head[1] !== String(FORMAT)) return unusable(`it is of format ${head[1]}, this version reads ${FORMAT}`);
  const body = octets.subarray(end + 1);
  if (digest(body) !== head[2]) return unusable('it is damaged: its checksum differs');
  try {
    return readBody(owner, JSON.parse(body.toString()));
  } catch {
    return unusable('it is not JSON');
  }
}

function readBody(owner: string, value: unknown): RestoredCopy {
  const copy = value as { readonly owner?: unknown; readonly resources?: unknown } | null;
  if (typeof copy !== 'object' || copy === null || !Array.isArray(copy.resources))
    return unusable('it has no resources');
  if (copy.owner !== owner)
    return unusable(`it belongs to ${JSON.stringify(copy.owner)}, not to ${JSON.stringify(owner)}`);
  const resources = copy.resources.filter(isResource).filter(({ type }) => TYPES_IN_ORDER.includes(type));
  if (resources.length < copy.resources.length) return unusable('it has resources of no known type');
  return { usable: true, resources: resources.map((resource) => Object.freeze(resource)) };
}

function unusable(reason: string): RestoredCopy {
  return { usable: false, reason };
}

function digest(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}
