// An application of a test: answers with its name, and with who calls it.
import { createServer } from 'node:http';
import process from 'node:process';

// A sidecar that was killed cannot end it.
const sidecar = process.ppid;
setInterval(() => process.ppid === sidecar || process.exit(), 50).unref();

const [port, name] = process.argv.slice(2);
createServer((request, response) => {
  const caller = /URI=([^;,]+)/.exec(request.headers['x-forwarded-client-cert'] ?? '')?.[1] ?? 'nobody';
  response.end(`${name} ${request.url} ${caller} ${request.headers['x-mine'] ?? '-'}`);
}).listen(Number(port), '127.0.0.1');
