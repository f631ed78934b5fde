import type { RpcStatus } from './messages.ts';
import { INVALID_ARGUMENT } from './grpc-status.ts';

/** A resource that a proxy cannot use, and why. */
export interface Rejection {
  readonly name: string;
  readonly reason: string;
}

const TYPE_URL = 'type.selvage.dev/rejections';
/** A refusal is to be read by people: so many are enough to see what is wrong. */
const MAX_REJECTIONS = 64;
const MAX_REASON_CHARACTERS = 512;

/**
 * What a refusal says: in its message for people and for other control planes, in its detail which of the resources are
 * meant. The others of the response are in use.
 */
export function encodeRejections(rejections: readonly Rejection[]): RpcStatus {
  const told = rejections
    .slice(0, MAX_REJECTIONS)
    .map(({ name, reason }) => ({ name, reason: reason.slice(0, MAX_REASON_CHARACTERS) }));
  const more = rejections.length > told.length ? `; and ${rejections.length - told.length} more` : '';
  const message = told.map(({ name, reason }) => `${name}: ${reason}`).join('; ') + more;
  return {
    code: INVALID_ARGUMENT,
    message,
    details: [{ typeUrl: TYPE_URL, value: Buffer.from(JSON.stringify(told)) }],
  };
}

/** @returns null where the refusal does not say which resources it means */
export function decodeRejections(status: RpcStatus): readonly Rejection[] | null {
  const detail = status.details.find(({ typeUrl }) => typeUrl === TYPE_URL);
  if (detail === undefined) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(detail.value).toString());
    return Array.isArray(value) && value.every(isRejection) ? value.slice(0, MAX_REJECTIONS).map(bounded) : null;
  } catch {
    return null;
  }
}

function isRejection(value: unknown): value is Rejection {
  if (typeof value !== 'object' || value === null) return false;
  return 'name' in value && typeof value.name === 'string' && 'reason' in value && typeof value.reason === 'string';
}

/** Proxies are not trusted to keep what the control plane remembers of them small. */
function bounded({ name, reason }: Rejection): Rejection {
  return { name, reason: boundedReason(reason) };
}

export function boundedReason(reason: string): string {
  return reason.slice(0, MAX_REASON_CHARACTERS);
}
