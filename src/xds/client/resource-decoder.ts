import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { WireResource } from '../messages.ts';
import { type ResourceType, typeUrlOf } from '../resource-type.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** @returns the resource, or why it cannot be one */
export function decodeResource(type: ResourceType, wire: WireResource): SnapshotResource | string {
  if (wire.content.typeUrl !== typeUrlOf(type))
    return `its type is ${JSON.stringify(wire.content.typeUrl.slice(0, 200))}`;
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(wire.content.value));
  } catch {
    return 'it is not JSON';
  }
  if (!isResource(value)) return 'it has no type, name and version';
  if (value.type !== type || value.name !== wire.name || value.version !== wire.version) {
    return 'its type, name or version is another one inside than outside';
  }
  return Object.freeze(value);
}

/**
 * Whether a value has what every resource has. What else it has is not looked at: it comes from this system's own
 * compiler, and whoever applies it can refuse it.
 */
export function isResource(value: unknown): value is SnapshotResource {
  if (typeof value !== 'object' || value === null) return false;
  const { type, name, version } = value as Partial<Record<string, unknown>>;
  return typeof type === 'string' && typeof name === 'string' && typeof version === 'string';
}
