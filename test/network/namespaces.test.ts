import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { Network, whyNoNetwork } from './testing/namespaces.ts';

const skip = whyNoNetwork() ?? false;

const SERVER = `require('node:net').createServer((socket) => socket.end(socket.remoteAddress)).listen(7000, '::', () => console.log('up'))`;
const CLIENT = `require('node:net').connect(7000, process.argv[1])
  .on('data', (data) => console.log(String(data)))
  .on('error', (error) => console.log(error.code))`;

test(
  'hosts of a network reach each other at their addresses, and are cut off without their cable',
  { skip },
  async (t) => {
    const network = await Network.create(t);
    const [one, two] = [await network.addHost(), await network.addHost()];
    const server = one.start(process.execPath, ['-e', SERVER]);
    await server.printed(/up/);
    for (const [to, from] of [
      [one.address, `::ffff:${two.address}`],
      [one.address6, two.address6],
    ] as const) {
      const { stdout } = await two.start(process.execPath, ['-e', CLIENT, to]).ended;
      assert.equal(stdout.trim(), from);
    }
    two.setConnected(false);
    const { stdout } = await two.start(process.execPath, ['-e', CLIENT, one.address]).ended;
    assert.match(stdout, /^E(HOSTUNREACH|NETUNREACH|TIMEDOUT)$/m);
    two.setConnected(true);
    const again = await two.start(process.execPath, ['-e', CLIENT, one.address]).ended;
    assert.equal(again.stdout.trim(), `::ffff:${two.address}`);
  },
);
