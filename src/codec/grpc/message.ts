/** Percent-encodes all but printable ASCII, and the percent sign, for `grpc-message` (gRPC over HTTP/2, Responses). */
export function encodeGrpcMessage(message: string): string {
  return message.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]|^ | $/gu, encodeURIComponent);
}
