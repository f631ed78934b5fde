// An application of a test: sends back what it gets over TCP.
import { createServer } from 'node:net';
import process from 'node:process';

// A sidecar that was killed cannot end it.
const sidecar = process.ppid;
setInterval(() => process.ppid === sidecar || process.exit(), 50).unref();

const [port] = process.argv.slice(2);
createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(Number(port), '127.0.0.1');
