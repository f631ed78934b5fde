// An application of a test that listens at all addresses of its host: answers requests with its name and who calls, or
// gives byte streams back as they come.
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import process from 'node:process';

// A sidecar that was killed cannot end it.
const sidecar = process.ppid;
setInterval(() => process.ppid === sidecar || process.exit(), 50).unref();

const [port, name, protocol] = process.argv.slice(2);
const server =
  protocol === 'tcp'
    ? createServer((socket) => socket.on('error', () => {}).pipe(socket))
    : createHttpServer((request, response) => {
        const caller = /URI=([^;,]+)/.exec(request.headers['x-forwarded-client-cert'] ?? '')?.[1] ?? 'nobody';
        response.end(`${name} ${caller}\n`);
      });
server.listen(Number(port), '::', () => console.log('listening'));
