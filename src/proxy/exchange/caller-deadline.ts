import { encodeGrpcTimeout, parseGrpcTimeout } from '#codec/grpc/timeout.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { RequestHead } from '#http/head.ts';
import type { Exchange } from './exchange.ts';

/*
 * Until when the caller waits, where it says so: in `grpc-timeout`, or in Envoy's field in milliseconds. It bounds all
 * attempts together, a streamed response too, and each hop is told what is left of it.
 */

const GRPC_TIMEOUT = 'grpc-timeout';
const HTTP_TIMEOUT = 'x-envoy-expected-rq-timeout-ms';

/** Milliseconds of the monotonic clock, or Infinity; an error where the field is malformed, as gRPC servers have it. */
export function readCallerDeadline(exchange: Exchange): number | ProxyError {
  const { request, startedAt } = exchange;
  if (exchange.grpc !== null) {
    const text = request.fields.first(GRPC_TIMEOUT);
    if (text === undefined) return Infinity;
    const timeoutMs = parseGrpcTimeout(text);
    return timeoutMs === undefined ? MALFORMED : startedAt + timeoutMs;
  }
  const text = request.fields.first(HTTP_TIMEOUT);
  // Nobody has standardised it, so what is no number is somebody else's field and passes.
  return text === undefined || !/^[1-9]\d{0,8}$/.test(text) ? Infinity : startedAt + Number(text);
}

/** Tells the next hop what is left. @param leftMs milliseconds */
export function writeCallerDeadline(exchange: Exchange, leftMs: number): void {
  const { fields }: RequestHead = exchange.request;
  if (exchange.grpc !== null) fields.set(GRPC_TIMEOUT, encodeGrpcTimeout(leftMs));
  else fields.set(HTTP_TIMEOUT, String(Math.max(1, Math.floor(leftMs))));
}

const MALFORMED = new ProxyError('bad_request', 'downstream', 'stream', {
  detail: 'The field grpc-timeout holds no timeout',
  cause: 'malformed grpc-timeout',
});
