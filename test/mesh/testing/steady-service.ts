// An application of a test that takes its time where it is asked to. SIGTERM ends it on the spot, as it does most
// programs: nothing must be under way by then.
// Usage: node steady-service.ts <http|grpc> <port> <name> [URL that it asks for its answers]
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ECHO } from '../../protocols/testing/echo-service.ts';

// A sidecar that was killed cannot end it.
const sidecar = process.ppid;
setInterval(() => process.ppid === sidecar || process.exit(), 50).unref();

// For tests that want to hit it and not its sidecar.
console.log(`application ${process.pid}`);

const [protocol, port = '', name = '', behind] = process.argv.slice(2);
if (protocol === 'grpc') serveCalls();
else serveRequests();

/** Answers with its name and what it was sent, or what was answered to that, after the milliseconds in `?wait=`. */
function serveRequests(): void {
  createServer((request, response) => void answer(request, response)).listen(Number(port), '127.0.0.1');
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { searchParams, search } = new URL(request.url ?? '/', 'http://steady');
  let content = '';
  for await (const chunk of request.setEncoding('utf8')) content += chunk;
  await sleep(Number(searchParams.get('wait')));
  if (behind !== undefined) {
    const { method = 'GET' } = request;
    const answered = await fetch(behind + search, { method, ...(method === 'POST' && { body: content }) });
    response.statusCode = answered.status;
    content = await answered.text();
  }
  response.end(`${name} ${content}`);
}

/** Answers with its name and what it was sent, after the milliseconds that begin the message. */
function serveCalls(): void {
  const server = new Server();
  server.addService(ECHO, {
    unary: (call: { request: Buffer }, callback: (error: null, value: Buffer) => void) => {
      const content = call.request.toString();
      setTimeout(() => callback(null, Buffer.from(`${name} ${content}`)), parseInt(content, 10));
    },
  });
  server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), () => {});
}
