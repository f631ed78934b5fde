// An application of a test: answers with all that it has seen of a request, as JSON, and slowly where it is asked to.
// `/seen` tells which paths other requests had.
import { createServer } from 'node:http';
import process from 'node:process';

// A sidecar that was killed cannot end it.
const sidecar = process.ppid;
setInterval(() => process.ppid === sidecar || process.exit(), 50).unref();

const [port, name] = process.argv.slice(2);
const seen = [];
createServer((request, response) => {
  const { method, url, headers } = request;
  if (url !== '/seen') seen.push(url);
  response.setHeader('content-type', 'application/json');
  response.setHeader('x-served-by', name);
  const answer = () => response.end(JSON.stringify(url === '/seen' ? seen : { name, method, url, headers }));
  if (url.startsWith('/slow')) request.socket.once('close', () => {});
  else answer();
}).listen(Number(port), '127.0.0.1');
