// Listens in on a port: whatever comes goes on to the real one on this host, and all octets of both ways into a file.
import { appendFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import process from 'node:process';

const [port, target, file] = process.argv.slice(2);

createServer((near) => {
  const far = connect(Number(target), '127.0.0.1');
  for (const [from, to] of [
    [near, far],
    [far, near],
  ]) {
    from.on('data', (octets) => {
      appendFileSync(file, octets);
      to.write(octets);
    });
    from.on('end', () => to.end()).on('error', () => to.destroy());
  }
}).listen(Number(port), '0.0.0.0', () => console.log('listening in'));
