import type { GrpcMethod } from '#xds/grpc-server.ts';
import { type GrpcStatus, INTERNAL, INVALID_ARGUMENT, OK } from '#xds/grpc-status.ts';
import type { GrpcStream } from '#xds/grpc-stream.ts';

/** Octets of a request; the largest are certificate requests with a token. */
const REQUEST_BYTES = 65_536;

/** A request that is not answered, and why: the peer is told. */
export interface UnaryRefusal {
  readonly status: GrpcStatus;
}

/**
 * A gRPC method with one request and one response, both of JSON.
 *
 * @param answer where it throws, the peer hears that something failed here and no more
 */
export function unaryMethod(answer: (request: unknown) => Promise<object | UnaryRefusal>): GrpcMethod {
  return {
    messageBytes: REQUEST_BYTES,
    accept: (stream) => {
      let isAsked = false;
      return {
        received: (message) => {
          if (isAsked) return;
          isAsked = true;
          void reply(stream, parseJson(message), answer);
        },
        writable() {},
        // Most clients close their half right behind the request.
        halfClosed: () => {
          if (!isAsked) stream.close({ code: INVALID_ARGUMENT, message: 'the call ends without a request' });
        },
        ended() {},
      };
    },
  };
}

async function reply(stream: GrpcStream, request: unknown, answer: Parameters<typeof unaryMethod>[0]): Promise<void> {
  try {
    const response = await answer(request);
    if ('status' in response) return stream.close(response.status);
    stream.send([Buffer.from(JSON.stringify(response))]);
    stream.close({ code: OK, message: '' });
  } catch {
    stream.close({ code: INTERNAL, message: 'the request failed here' });
  }
}

/** @returns undefined for what is no JSON */
function parseJson(message: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(message).toString());
  } catch {
    return undefined;
  }
}
