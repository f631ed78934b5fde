/** Status codes of gRPC that a proxy itself has to name. */
export const GRPC_UNKNOWN = 2;
const LAST_STATUS = 16;

/**
 * What a caller makes of an answer without `grpc-status`: by its HTTP status.
 * @see gRPC, HTTP to gRPC Status Code Mapping
 */
export function grpcStatusOfHttp(status: number): number {
  switch (status) {
    case 400:
      return 13; // INTERNAL
    case 401:
      return 16; // UNAUTHENTICATED
    case 403:
      return 7; // PERMISSION_DENIED
    case 404:
      return 12; // UNIMPLEMENTED
    case 429:
    case 502:
    case 503:
    case 504:
      return 14; // UNAVAILABLE
    default:
      return GRPC_UNKNOWN;
  }
}

/** @returns 0 to 16; UNKNOWN for what is no status, as callers have it, so that a backend cannot make up metric series */
export function parseGrpcStatus(text: string): number {
  const status = /^\d{1,2}$/.test(text) ? Number(text) : GRPC_UNKNOWN;
  return status > LAST_STATUS ? GRPC_UNKNOWN : status;
}
