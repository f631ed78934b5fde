import { WheelTimer } from '#base/timer-wheel.ts';
import type { Clock } from '#transport/clock.ts';
import type { Dial } from '#xds/discovery-transport.ts';
import { type GrpcStatus, OK, UNAVAILABLE } from '#xds/grpc-status.ts';
import { GrpcStream } from '#xds/grpc-stream.ts';
import { Http2Link } from '#xds/http2-link.ts';

const CALL_TIMEOUT_MS = 10_000;
const ANSWER_BYTES = 1024 * 1024;

/** What became of a call. */
export type CallOutcome =
  | { readonly ok: true; readonly answer: Uint8Array }
  | { readonly ok: false; readonly status: GrpcStatus };

/** Makes one call to a control plane, over a connection of its own. */
export function callControl(
  dial: Dial,
  authority: string,
  path: string,
  request: object,
  clock: Clock,
): Promise<CallOutcome> {
  return new Promise((resolve) => {
    let link: Http2Link | undefined;
    let answer: Uint8Array | undefined;
    const finish = (status: GrpcStatus): void => {
      clock.cancel(timer);
      resolve(status.code === OK && answer !== undefined ? { ok: true, answer } : { ok: false, status });
      link?.drain();
    };
    const fail = (message: string): void => finish({ code: UNAVAILABLE, message });
    const timer = new WheelTimer({
      expire: () => {
        pending.cancel();
        link?.close();
        fail('no answer in time');
      },
    });
    clock.schedule(timer, clock.now() + CALL_TIMEOUT_MS);
    const pending = dial({
      connectFailed: fail,
      connected: (connection) => {
        link = new Http2Link(connection, { role: 'client', clock, opened: refuseRequests, closed: fail });
        const call = GrpcStream.call(link.http2, authority, path, ANSWER_BYTES, () => ({
          received: (message) => {
            answer = Uint8Array.from(message);
          },
          writable() {},
          ended: finish,
        }));
        if (call === null) fail('no call can be opened');
        else call.send([Buffer.from(JSON.stringify(request))]);
        return link;
      },
    });
  });
}

function refuseRequests(): never {
  throw new Error('a client takes no requests'); // the codec never calls this on a client
}
