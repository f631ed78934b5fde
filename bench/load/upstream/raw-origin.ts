// The origin where nginx is not installed: a program, `node raw-origin.ts <port>`.
// It trusts its callers: one request at a time, lengths declared, nothing hostile.

import { createServer, type Socket } from 'node:net';
import { RESOURCE_BYTES } from '../jobs.ts';

const answers = new Map(Object.entries(RESOURCE_BYTES).map(([name, bytes]) => [name, answer(bytes)]));
const missing = Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');

/** Where this program is. */
export const RAW_ORIGIN = import.meta.filename;

if (import.meta.main) {
  createServer({ noDelay: true }, serve).listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
}

function answer(bytes: number): Buffer {
  return Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`);
}

function serve(socket: Socket): void {
  let head = '';
  let bodyLeft = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    let text = chunk.toString('latin1', Math.min(bodyLeft, chunk.length));
    if (bodyLeft > 0) {
      bodyLeft -= chunk.length - text.length;
      if (bodyLeft === 0) respond();
    }
    head += text;
    const end = head.indexOf('\r\n\r\n');
    if (bodyLeft > 0 || end < 0) return;
    text = head.slice(end + 4);
    head = head.slice(0, end + 4);
    const declared = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    bodyLeft = Math.max(0, declared - text.length);
    if (bodyLeft === 0) respond();
  });

  function respond(): void {
    const resource = /^\S+ \S*\/(\w+) /.exec(head)?.[1] ?? '';
    head = '';
    socket.write(answers.get(resource) ?? missing);
  }
}
