import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { InboundSettings } from './testing/inbound-process.ts';
import { until } from '../data-plane/testing/peer.ts';
import { ask, dialPort } from './testing/client.ts';
import {
  CATALOG,
  declareService,
  declareWorkload,
  issueIdentity,
  startApplication,
  startInbound,
  startMesh,
  startOutbound,
} from './testing/sidecars.ts';

test('a request whose first sidecar does not listen is tried at another', async (context) => {
  const application = await startApplication(context);
  const { inbound } = await startInbound(context, declareWorkload([{ port: application.port }]));
  const good = { port: application.port, mesh: { port: inbound.port, principal: CATALOG } };
  const gone = { port: 9, mesh: { port: 9, principal: CATALOG } };
  const { outbound, records } = await startOutbound(context, declareService([gone, good]));
  for (let i = 0; i < 4; i++) {
    const reply = await ask(outbound.proxyPort, 'http://catalog/', { method: 'POST', body: 'pay' });
    assert.equal(reply.status, 200);
  }
  assert.ok(records.exchanges.some(({ attempts }) => attempts === 2));
  await until('nothing is left', () => isIdle(outbound.activity) && isIdle(inbound.activity));
});

test('a request whose application does not listen is tried at another endpoint', async (context) => {
  const application = await startApplication(context);
  const port = application.port;
  const good = await startInbound(context, declareWorkload([{ port }]));
  const down = await startInbound(context, declareWorkload([{ port }]), undefined, { applicationAddress: '127.0.0.2' });
  const endpoints = [down, good].map(({ inbound }) => ({ port, mesh: { port: inbound.port, principal: CATALOG } }));
  const { outbound, records } = await startOutbound(context, declareService(endpoints));
  for (let i = 0; i < 4; i++) {
    const reply = await ask(outbound.proxyPort, 'http://catalog/', { method: 'POST', body: 'pay' });
    assert.equal(reply.status, 200);
  }
  assert.ok(records.exchanges.some(({ attempts }) => attempts === 2));
  assert.equal(down.records.exchanges[0]!.error!.code, 'upstream_connect_failed');
  await until('nothing is left', () =>
    [outbound, good.inbound, down.inbound].every(({ activity }) => isIdle(activity)),
  );
});

test('where no application listens, the caller is told', async (context) => {
  const { inbound } = await startInbound(context, declareWorkload([{ port: 9 }]));
  const endpoint = { port: 9, mesh: { port: inbound.port, principal: CATALOG } };
  const { outbound } = await startOutbound(context, declareService([endpoint]));
  assert.equal((await ask(outbound.proxyPort, 'http://catalog/')).status, 502);
  await until('nothing is left', () => isIdle(outbound.activity) && isIdle(inbound.activity));
});

test('what the application answers passes as it is, and is not tried again', async (context) => {
  let asked = 0;
  const { outbound } = await startMesh(context, (_, response) => {
    asked++;
    response.writeHead(503, { 'x-said-by': 'application' }).end('busy');
  });
  const reply = await ask(outbound.proxyPort, 'http://catalog/');
  assert.equal(reply.status, 503);
  assert.equal(reply.headers['x-said-by'], 'application');
  assert.equal(asked, 1);
});

test('an application that breaks off its response resets that request alone', async (context) => {
  const { inbound, outbound } = await startMesh(context, (incoming, response) => {
    if (incoming.url !== '/broken') return void response.end('whole');
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => response.destroy());
  });
  const [broken, whole] = await Promise.allSettled([
    ask(outbound.proxyPort, 'http://catalog/broken'),
    ask(outbound.proxyPort, 'http://catalog/whole'),
  ]);
  assert.equal(broken.status, 'rejected');
  assert.ok(whole.status === 'fulfilled' && whole.value.body === 'whole');
  assert.equal(inbound.activity.sessions, 1);
  await until('nothing is left', () => isIdle(outbound.activity) && isIdle(inbound.activity));
});

test('a POST that the application may have acted on is not sent twice', async (context) => {
  let asked = 0;
  const { outbound } = await startMesh(context, (incoming) => {
    asked++;
    incoming.socket.destroy();
  });
  const reply = await ask(outbound.proxyPort, 'http://catalog/', { method: 'POST', body: 'pay' });
  assert.equal(reply.status, 502);
  assert.equal(asked, 1);
});

test('a client that leaves ends its request at the application', async (context) => {
  let arrived = false;
  let left = false;
  const { inbound, outbound, from, at } = await startMesh(context, (_, response) => {
    response.on('close', () => (left = true));
    arrived = true;
  });
  const client = await dialPort(outbound.proxyPort);
  client.write('GET http://catalog/ HTTP/1.1\r\nhost: catalog\r\n\r\n');
  await until('the application has it', () => arrived);
  client.resetAndDestroy();
  await until('the application hears of it', () => left);
  await until('both recorded it', () => from.exchanges.length === 1 && at.exchanges.length === 1);
  assert.equal(from.exchanges[0]!.error?.code, 'downstream_closed');
  await until('nothing is left', () => isIdle(outbound.activity) && isIdle(inbound.activity));
});

test('an inbound that drains tells callers, who lose nothing', async (context) => {
  const application = await startApplication(context);
  const workload = declareWorkload([{ port: application.port }]);
  const [one, two] = [await startInbound(context, workload), await startInbound(context, workload)];
  const endpoints = [one, two].map(({ inbound }) => ({
    port: application.port,
    mesh: { port: inbound.port, principal: CATALOG },
  }));
  // Endpoints are told apart by their sidecars here, as they share an address and a port.
  const { outbound } = await startOutbound(context, declareService(endpoints));
  const statuses = new Set<number>();
  const load = { isOn: true };
  let count = 0;
  const callers = Array.from({ length: 8 }, async () => {
    while (load.isOn) {
      statuses.add((await ask(outbound.proxyPort, 'http://catalog/')).status);
      count++;
    }
  });
  await until('requests go', () => count > 20);
  await one.inbound.drain();
  const before = count;
  await until('requests go on', () => count > before + 20);
  load.isOn = false;
  await Promise.all(callers);
  assert.deepEqual([...statuses], [200]);
});

test('a sidecar that is killed costs the requests under way on it alone', async (context) => {
  const application = await startApplication(context);
  const { inbound } = await startInbound(context, declareWorkload([{ port: application.port }]));
  const killed = await startInboundProcess(context, application.port);
  const endpoints = [inbound.port, killed.port].map((port) => ({
    port: application.port,
    mesh: { port, principal: CATALOG },
  }));
  const { outbound, records } = await startOutbound(context, declareService(endpoints));
  const asked = { inFlight: 0, failed: 0, after: 0 };
  let dead = false;
  const load = { isOn: true };
  const callers = Array.from({ length: 8 }, async () => {
    while (load.isOn) {
      const afterDeath = dead;
      const { status } = await ask(outbound.proxyPort, 'http://catalog/', { method: 'POST', body: 'x' });
      if (status === 200) asked.after += afterDeath ? 1 : 0;
      else if (afterDeath) asked.failed++;
      else asked.inFlight++;
    }
  });
  await until('both endpoints are used', () => new Set(records.exchanges.map(({ hop }) => hop)).size === 2);
  await killed.kill();
  dead = true;
  await until('requests go on', () => asked.after > 50);
  load.isOn = false;
  await Promise.all(callers);
  assert.equal(asked.failed, 0, 'requests that began behind its death');
  assert.ok(asked.inFlight <= 8, `${asked.inFlight} requests were under way`);
  await until('nothing is left', () => isIdle(outbound.activity));
});

test('requests to a sidecar that falls silent are made elsewhere in time, where that is safe', async (context) => {
  const application = await startApplication(context);
  const { inbound } = await startInbound(context, declareWorkload([{ port: application.port }]));
  const silent = await startInboundProcess(context, application.port);
  const endpoints = [inbound.port, silent.port].map((port) => ({
    port: application.port,
    mesh: { port, principal: CATALOG },
  }));
  const { outbound, records } = await startOutbound(context, declareService(endpoints));
  const get = async () => (await ask(outbound.proxyPort, 'http://catalog/')).status;
  const post = async () => (await ask(outbound.proxyPort, 'http://catalog/', { method: 'POST', body: 'pay' })).status;
  while (new Set(records.exchanges.map(({ hop }) => hop)).size < 2) await get();
  const before = records.exchanges.length;
  silent.stop();
  const startedMs = performance.now();
  const gets = await Promise.all(Array.from({ length: 16 }, get));
  assert.deepEqual(new Set(gets), new Set([200]));
  const tookMs = performance.now() - startedMs;
  // Where nobody noticed, they would have ended after 15 s, with 504.
  assert.ok(tookMs < 15_000, `${tookMs} ms`);
  await until('all are recorded', () => records.exchanges.length === before + 16);
  const moved = records.exchanges.slice(before).filter(({ attempts }) => attempts > 1);
  assert.ok(moved.length > 0, 'none was under way on it');
  // A new connection to it is not made: that is found out before anything is sent, so that all may be repeated.
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 4 }, post))), new Set([200]));
  silent.resume();
  await until('nothing is left', () => isIdle(outbound.activity));
});

test('a request that waits long for its answer is left in peace while the sidecar lives', async (context) => {
  const { outbound, from } = await startMesh(
    context,
    (_, response) => void setTimeout(() => response.end('late'), 9_000),
  );
  const reply = await ask(outbound.proxyPort, 'http://catalog/');
  assert.deepEqual([reply.status, reply.body], [200, 'late']);
  await until('it is recorded', () => from.exchanges.length === 1);
  assert.equal(from.exchanges[0]!.attempts, 1);
});

const isIdle = ({
  clusters,
}: {
  readonly clusters: readonly {
    readonly requests: number;
    readonly pendingRequests: number;
    readonly endpoints: readonly { readonly activeRequests: number }[];
  }[];
}): boolean =>
  clusters.every(
    ({ requests, pendingRequests, endpoints }) =>
      requests === 0 && pendingRequests === 0 && endpoints.every(({ activeRequests }) => activeRequests === 0),
  );

/** The sidecar of the service in a process of its own. */
const startInboundProcess = async (
  context: TestContext,
  applicationPort: number,
): Promise<{ readonly port: number; kill(): Promise<unknown>; stop(): void; resume(): void }> => {
  const { svid, bundle } = issueIdentity(CATALOG);
  const settings: InboundSettings = {
    certificateChain: svid.certificateChain,
    privateKey: svid.key.exportPem(),
    roots: bundle.roots.join(''),
    workload: declareWorkload([{ port: applicationPort }]),
  };
  const file = join(import.meta.dirname, 'testing/inbound-process.ts');
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  context.after(() => void child.kill('SIGKILL'));
  child.stdin.write(`${JSON.stringify(settings)}\n`);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    port: Number(String(port)),
    kill: () => (child.kill('SIGKILL'), once(child, 'exit')),
    // Its kernel goes on: connections are taken and octets acknowledged, and nobody ever answers.
    stop: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
};
