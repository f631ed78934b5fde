// A server of HTTP/2 that sends back what comes, frame by frame, as gRPC: `echo-origin.ts <port>`.

import { createServer, type ServerHttp2Stream } from 'node:http2';
import process from 'node:process';

const server = createServer();
server.on('stream', (stream: ServerHttp2Stream) => {
  stream.on('error', () => {});
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.on('data', (message: Buffer) => stream.write(message));
  stream.on('end', () => stream.end());
});
server.listen(Number(process.argv[2]), '127.0.0.1');
