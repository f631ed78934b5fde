// A workload of a test: keeps one byte stream through its HTTP proxy for all its life, and writes a line for each echo.
import { request } from 'node:http';
import process from 'node:process';

// A sidecar that was killed cannot end it.
const sidecar = process.ppid;
setInterval(() => process.ppid === sidecar || process.exit(), 50).unref();

const [authority] = process.argv.slice(2);
const proxy = new URL(process.env.HTTP_PROXY);

connect();

/** The service may not be known yet. */
function connect() {
  const asked = request({ host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: authority });
  asked.on('error', () => setTimeout(connect, 50));
  asked.on('connect', (response, socket) => {
    if (response.statusCode === 200) return keep(socket);
    socket.destroy();
    setTimeout(connect, 50);
  });
  asked.end();
}

function keep(socket) {
  let count = 0;
  socket.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    setTimeout(() => socket.write(`${++count}\n`), 20);
  });
  socket.on('error', () => {});
  socket.on('close', () => process.stdout.write('closed\n'));
  socket.write('0\n');
}
