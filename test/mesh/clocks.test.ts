import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

/*
 * The clock of the control plane's machine is off, and so, the other way round, is that of the workloads.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const countOf = (stdout: string, line: RegExp): number => stdout.split('\n').filter((text) => line.test(text)).length;

for (const [what, shiftMs] of [
  ['behind', 10 * MINUTE_MS],
  ['ahead', -10 * MINUTE_MS],
] as const) {
  test(`workloads whose clocks are ten minutes ${what} join, call and are called`, async (t) => {
    const mesh = await MeshProcesses.startWithClockOff(t, shiftMs);
    const port = await freePort();
    await mesh.runApplication('cart', port, '--id', 'cart-1');
    await mesh.workloads('cart-1 ready');
    const web = await mesh.runCaller('web', 'http://cart/', '--id', 'web-1');
    await eventually(async () => (countOf(web.stdout, /^200 cart/) >= 20 ? undefined : 'few requests'));
    assert.equal(countOf(web.stdout, /^(?!200 |$)/), 0, web.stdout);
    assert.equal(web.stderr, '');
  });
}

for (const [what, shiftMs, reason] of [
  ['hours ahead', 3 * HOUR_MS, /the certificate is valid from \S+Z, and here it is \S+Z: compare the clocks/],
  [
    'days behind',
    -72 * HOUR_MS,
    /the certificate expired at \S+Z, and here it is \S+Z: renew it, or compare the clocks/,
  ],
] as const) {
  test(`a workload says what is wrong where the clock of its control plane is ${what}`, async (t) => {
    const mesh = await MeshProcesses.startWithClockOff(t, shiftMs);
    const { code, stderr, stdout } = await mesh.run(
      ['--service-account', 'job', '--token', await mesh.token('job')],
      'echo',
      'started',
    ).ended;
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, reason);
    assert.match(stderr, /cannot join the mesh at 127\.0\.0\.1:\d+/);
  });

  test(`workloads that run go on where the clock of their control plane jumps ${what}, and new ones say so`, async (t) => {
    const mesh = await MeshProcesses.start(t);
    const port = await freePort();
    await mesh.runApplication('cart', port, '--id', 'cart-1');
    await mesh.workloads('cart-1 ready');
    const web = await mesh.runCaller('web', 'http://cart/', '--id', 'web-1');
    await web.printed(/^200 cart/m);
    mesh.control.kill('SIGKILL');
    await mesh.control.ended;
    mesh.setClockOff(shiftMs);
    await mesh.startControl();
    const from = countOf(web.stdout, /^200 /);
    await eventually(async () => (countOf(web.stdout, /^200 /) > from + 50 ? undefined : 'few requests'));
    assert.equal(countOf(web.stdout, /^(?!200 |$)/), 0, web.stdout);
    // A new one has nothing to go on with.
    const newcomer = mesh.run(['--service-account', 'web', '--token', await mesh.token('web')], 'true');
    assert.match((await newcomer.ended).stderr, reason);
  });
}

test('a control plane whose clock is right again is spoken to at once', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const port = await freePort();
  await mesh.runApplication('cart', port, '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  mesh.control.kill('SIGKILL');
  await mesh.control.ended;
  mesh.setClockOff(3 * HOUR_MS);
  await mesh.startControl();
  await eventually(async () => {
    const [cart] = await mesh.get<{ id: string; connected: boolean }[]>('workloads');
    return cart?.id === 'cart-1' ? undefined : 'it is forgotten';
  });
  mesh.control.kill('SIGKILL');
  await mesh.control.ended;
  mesh.environment = {};
  await mesh.startControl();
  await mesh.workloads('cart-1 ready');
});
