// The least proxy that can be written with node:http2, to compare with: `node-proxy.ts <port> <upstream port>`.

import { connect, createServer, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import process from 'node:process';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const dial = () => connect(`http://127.0.0.1:${upstreamPort}`).on('error', () => {});
let upstream = dial();
const server = createServer();
server.on('stream', (stream: ServerHttp2Stream, headers: OutgoingHttpHeaders) => {
  if (upstream.closed || upstream.destroyed) upstream = dial();
  const request = upstream.request({ ...headers, 'x-forwarded-for': '127.0.0.1', 'x-request-id': crypto.randomUUID() });
  request.on('response', (response) => {
    if (stream.destroyed) return;
    stream.respond(response);
    request.pipe(stream);
  });
  request.on('error', () => stream.destroy());
  stream.on('error', () => request.destroy());
  stream.pipe(request);
});
server.listen(port, '127.0.0.1');
