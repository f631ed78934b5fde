import { connect } from 'node:http2';

/** Messages of one stream. */
export const STREAM_MESSAGES = 10_000;
const STREAMS = 4;
/** Octets of a message with its frame. */
const MESSAGE_BYTES = 37;

/**
 * Sends messages on gRPC streams, the next one when the last came back: each crosses the proxy by itself, twice.
 *
 * @returns how many came back, those of all streams together
 */
export async function exchangeMessages(port: number): Promise<number> {
  const session = connect(`http://127.0.0.1:${port}`);
  const counts = await Promise.all(
    Array.from({ length: STREAMS }, () => {
      const headers = {
        ':method': 'POST',
        ':path': '/bench.Echo/Stream',
        'content-type': 'application/grpc',
        te: 'trailers',
      };
      const stream = session.request(headers);
      const message = Buffer.alloc(MESSAGE_BYTES);
      message.writeUInt32BE(MESSAGE_BYTES - 5, 1);
      let octets = 0;
      return new Promise<number>((resolve, reject) => {
        stream.on('data', (chunk: Buffer) => {
          octets += chunk.length;
          if (octets < STREAM_MESSAGES * MESSAGE_BYTES) stream.write(message);
          else stream.end();
        });
        stream.on('end', () => resolve(octets / MESSAGE_BYTES));
        stream.on('error', reject);
        stream.write(message);
      });
    }),
  );
  session.close();
  return counts.reduce((sum, count) => sum + count, 0);
}
