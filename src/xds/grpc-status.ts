/** How a call ended. @see https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export interface GrpcStatus {
  readonly code: number;
  /** Why, or ''. */
  readonly message: string;
}

export const OK = 0;
export const CANCELLED = 1;
export const UNKNOWN = 2;
export const INVALID_ARGUMENT = 3;
export const PERMISSION_DENIED = 7;
export const RESOURCE_EXHAUSTED = 8;
export const UNIMPLEMENTED = 12;
export const INTERNAL = 13;
export const UNAVAILABLE = 14;

/**
 * Message of a status as a field value. Printable ASCII stays as it is but for `%`, since clients do not decode more than
 * must be encoded.
 * @see gRPC over HTTP2, Status-Message
 */
export function encodeStatusMessage(message: string): string {
  return message.toWellFormed().replaceAll(/[^ -$&-~]+/gu, encodeURIComponent);
}

/** Reads what {@link encodeStatusMessage} wrote; what is not encoded well stays as it is. */
export function decodeStatusMessage(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Code of a response without `grpc-status`, by its HTTP status. @see gRPC, HTTP to gRPC status code mapping */
export function codeOfHttpStatus(status: number): number {
  return status === 429 || (status >= 502 && status <= 504) ? UNAVAILABLE : (BY_HTTP_STATUS[status] ?? UNKNOWN);
}

const BY_HTTP_STATUS: Readonly<Record<number, number>> = {
  400: INTERNAL,
  401: 16,
  403: PERMISSION_DENIED,
  404: UNIMPLEMENTED,
};
