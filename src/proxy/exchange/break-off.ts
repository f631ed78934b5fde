import { grpcFormOf } from '#codec/grpc/media-type.ts';
import type { ProxyError } from '#errors/proxy-error.ts';
import { UNKNOWN_LENGTH } from '#http/head.ts';
import { renderGrpcTrailers } from './answer-renderer.ts';
import type { Exchange } from './exchange.ts';

/**
 * Ends a response that had begun. To a gRPC caller its status may still be told, which is more than a reset says: the
 * deadline that has passed, or that another attempt may succeed.
 */
export const breakOff = (exchange: Exchange, error: ProxyError): void => {
  const { response, grpc, request } = exchange;
  const speaksGrpc = grpc !== null && response !== null && response.bodyLength === UNKNOWN_LENGTH;
  const hasTrailers = request.version === 20 || exchange.translation !== null;
  if (speaksGrpc && hasTrailers && grpcFormOf(response.fields.first('content-type')) !== null) {
    exchange.responseSink.end(renderGrpcTrailers(error));
  } else exchange.responseSink.abort(error);
};
