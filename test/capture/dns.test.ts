import assert from 'node:assert/strict';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { findProgram } from '../../tools/debian-packages.ts';
import { whyNoNetwork } from '../network/testing/namespaces.ts';
import { CapturedMesh } from './testing/captured-mesh.ts';

const skip = whyNoNetwork() ?? (findProgram('curl') === undefined ? 'curl is not installed' : false);

const SERVICES = `apiVersion: v1
kind: Service
metadata: { name: catalog }
spec: { ports: [{ port: 80, targetPort: main }] }
---
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { ports: [{ port: 5432, targetPort: main, appProtocol: tcp }] }
`;
const CALLER = 'spiffe://cluster.local/ns/default/sa/web';
const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', 'env', 'HOME=/nonexistent'];

const ASK_NAME = join(import.meta.dirname, 'testing/ask-name.mjs');

/** Programs that know no proxy. */
const CALLS = `unset HTTP_PROXY http_proxy
  id -u; curl -sS -m 20 http://catalog/; curl -sS -m 20 http://catalog.corp.test/
  getent ahosts outside.test | cut -d' ' -f1 | sort -u; getent hosts nobody.test || echo none
  exec 3<>/dev/tcp/db/5432; echo hello over there >&3; head -n 1 <&3; grep nameserver /etc/resolv.conf`;

for (const [who, prefix] of [
  ['root', []],
  ['a user whom the machine lets have all ports', NOBODY],
] as const) {
  test(`--dns brings any TCP client of ${who} to services by their names`, { skip }, async (t) => {
    const mesh = await CapturedMesh.start(t, SERVICES);
    const [catalog, db, client] = [await mesh.addHost(), await mesh.addHost(), await mesh.addHost()];
    await mesh.runApplication(catalog, 'catalog', { flags: [] });
    await mesh.runApplication(db, 'db', { port: 6000, protocol: 'tcp', flags: [] });
    if (prefix.length > 0) client.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start');
    const web = await mesh.runAs(client, prefix, 'web', ['--dns'], 'bash', '-c', CALLS);
    const { stdout, stderr } = await web.ended;
    assert.deepEqual(
      stdout.replace(/(nameserver 127)\.\d+\.\d+\.\d+/, '$1').split('\n'),
      [
        prefix.length > 0 ? '65534' : '0',
        `catalog ${CALLER}`,
        `catalog ${CALLER}`,
        mesh.center.address,
        'none',
        'hello over there',
        'nameserver 127',
        '',
      ],
      stderr,
    );
    // What others on the machine see is as it was.
    assert.match(client.run('cat', '/etc/resolv.conf'), new RegExp(`nameserver ${mesh.center.address}`));
  });
}

test('--dns of a user who may not have port 53 says what to do, and starts nothing', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t);
  const host = await mesh.addHost();
  const { code, stdout, stderr } = await (await mesh.runAs(host, NOBODY, 'web', ['--dns'], 'echo', 'started')).ended;
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /may not listen on port 53.*ip_unprivileged_port_start=53.*--dns-port 15053/);
});

test(
  '--dns-port answers whoever asks there, and tells of ports that the user may not listen on',
  { skip },
  async (t) => {
    const mesh = await CapturedMesh.start(t, SERVICES);
    const [db, client] = [await mesh.addHost(), await mesh.addHost()];
    await mesh.runApplication(db, 'db', { port: 6000, protocol: 'tcp', flags: [] });
    const ask = (name: string, type = 1): string => `"${process.execPath}" ${ASK_NAME} 127.0.0.1 15053 ${name} ${type}`;
    const calls = `${ask('db')}; ${ask('db.default.svc', 28)}; ${ask('outside.test')}; ${ask('catalog')}; ${ask('nobody.test')}
    exec 3<>/dev/tcp/$(${ask('db')} | tail -n 1 | cut -d' ' -f3)/5432; echo hello over there >&3; head -n 1 <&3
    grep nameserver /etc/resolv.conf`;
    const web = await mesh.runAs(client, NOBODY, 'web', ['--dns-port', '15053'], 'bash', '-c', calls);
    const { stdout, stderr } = await web.ended;
    const [address = ''] = /127\S+/.exec(stdout) ?? [];
    const twice = (line: string): string[] => [line, line];
    assert.deepEqual(
      stdout.replaceAll(/7 0 127\.\S+/g, (text) => (text === `7 0 ${address}` ? text : '7 0 another')).split('\n'),
      [
        ...twice(`7 0 ${address}`),
        ...twice('7 0'),
        ...twice(`7 0 ${mesh.center.address}`),
        ...twice('7 0 another'),
        ...twice('7 3'),
        'hello over there',
        `nameserver ${mesh.center.address}`,
        '',
      ],
      stderr,
    );
    assert.match(
      stderr,
      /cannot capture default\/catalog:80: this user may not listen on port 80 \(sysctl .*=80 allows it/,
    );
    assert.equal(stderr.match(/cannot capture/g)?.length, 1);
  },
);

test('sidecars of one machine have addresses of their own for the same service', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t, SERVICES);
  const [catalog, client] = [await mesh.addHost(), await mesh.addHost()];
  await mesh.runApplication(catalog, 'catalog', { flags: [] });
  const calls = 'curl -sS -m 20 http://catalog/; getent hosts catalog; while kill -0 $PPID; do sleep 0.1; done';
  const command = ['bash', '-c', calls];
  const flags = ['--dns', '--mesh-port', '0'];
  const [one, two] = [
    await mesh.run(client, 'web', [...flags, '--id', 'one'], ...command),
    await mesh.run(client, 'web', [...flags, '--id', 'two'], ...command),
  ];
  const [, first] = await one.printed(/^(127\S+) /m);
  const [, second] = await two.printed(/^(127\S+) /m);
  assert.notEqual(first, second);
});
