import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startOrigin, TestGateway } from './testing/gateway.ts';
import { until, type Peer, type ScriptedOrigin } from './testing/peer.ts';

/*
 * Clients and backends that do anything at any time. Whatever they do, in the end nothing may be under way, every
 * exchange must have been recorded once, and no client may have seen another one's answer.
 */

type Step =
  | { readonly type: 'dial' }
  | { readonly type: 'request'; readonly client: number; readonly kind: number }
  | { readonly type: 'client'; readonly client: number; readonly act: 'content' | 'pause' | 'resume' | 'end' | 'reset' }
  | {
      readonly type: 'server';
      readonly server: number;
      readonly act: 'answer' | 'part' | 'rest' | 'garbage' | 'pause' | 'resume' | 'end' | 'reset' | 'switch';
    }
  | { readonly type: 'turn' };

const index = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ type: 'dial' } as const) },
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('request' as const), client: index, kind: fc.nat({ max: 6 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('client' as const),
      client: index,
      act: fc.constantFrom('content', 'content', 'pause', 'resume', 'end', 'reset' as const),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('server' as const),
      server: index,
      act: fc.constantFrom(
        'answer',
        'answer',
        'answer',
        'part',
        'rest',
        'garbage',
        'pause',
        'resume',
        'end',
        'reset',
        'switch' as const,
      ),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ type: 'turn' } as const) },
);

const requestOf = (kind: number, name: string): string => {
  const head = `/${name} HTTP/1.1\r\nHost: a\r\nX-Name: ${name}\r\n`;
  switch (kind) {
    case 0:
      return `POST ${head}Content-Length: 20\r\n\r\nhello`;
    case 1:
      return `PUT ${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`;
    case 2:
      return `POST ${head}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`;
    case 3:
      return `GET ${head}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`;
    case 4:
      return `GET ${head}Bad Name: x\r\n\r\n`;
    default:
      return `GET ${head}\r\n`;
  }
};

/** What a backend answers says whom it answers. */
const nameOf = (peer: Peer): string =>
  peer.unread
    .match(/x-name: (\w+)/g)
    ?.at(-1)
    ?.slice(8) ?? 'nobody';

const actAsServer = (peer: Peer, act: (Step & { type: 'server' })['act']): void => {
  const name = nameOf(peer);
  if (act === 'answer') peer.send(`HTTP/1.1 200 OK\r\nx-for: ${name}\r\ncontent-length: 2\r\n\r\nok`);
  else if (act === 'part')
    peer.send(`HTTP/1.1 200 OK\r\nx-for: ${name}\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n`);
  else if (act === 'rest') peer.send('0\r\n\r\n');
  else if (act === 'garbage') peer.send('\x00garbage\r\n\r\n');
  else if (act === 'switch')
    peer.send('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  else if (act === 'pause' || act === 'resume') peer.socket[act]();
  else if (act === 'end') peer.end();
  else peer.reset();
};

const actAsClient = (peer: Peer, act: (Step & { type: 'client' })['act']): void => {
  if (act === 'content') peer.send('5\r\nworld\r\n0\r\n\r\n');
  else if (act === 'pause' || act === 'resume') peer.socket[act]();
  else if (act === 'end') peer.end();
  else peer.reset();
};

const play = async (
  gateway: TestGateway,
  origins: readonly ScriptedOrigin[],
  steps: readonly Step[],
): Promise<void> => {
  const clients: { readonly peer: Peer; readonly id: number; requests: number }[] = [];
  const servers = (): Peer[] => origins.flatMap((origin) => origin.peers).filter((peer) => !peer.socket.destroyed);
  for (const one of steps) {
    if (one.type === 'turn') await new Promise((resolve) => setTimeout(resolve, 1));
    else if (one.type === 'dial' || clients.length === 0) {
      clients.push({ peer: await gateway.dial(), id: nextId++, requests: 0 });
    } else if (one.type === 'server') {
      const open = servers();
      if (open.length > 0) actAsServer(open[one.server % open.length]!, one.act);
    } else {
      const client = clients[one.client % clients.length]!;
      if (client.peer.socket.writableEnded || client.peer.socket.destroyed) continue;
      if (one.type === 'client') actAsClient(client.peer, one.act);
      else client.peer.send(requestOf(one.kind, `c${client.id}r${client.requests++}`));
    }
  }
  for (const { peer } of clients) peer.reset();
  const { gateway: running } = gateway;
  await until('no session', () => running.activity.sessions === 0);
  await until('no exchange under way', () => running.activity.clusters[0]!.requests === 0);
  for (const { peer, id } of clients) {
    for (const [, answered] of peer.unread.matchAll(/x-for: c(\d+)r/g))
      assert.equal(Number(answered), id, 'another one’s answer');
  }
  await until('no copy under way', () => {
    for (const peer of servers()) peer.reset(); // copies wait for answers, and those behind them for their connections
    return running.activity.clusters[1]!.requests === 0;
  });
};

let nextId = 0;

test('whatever clients and backends do, nothing stays under way and every exchange is recorded once', async (t) => {
  const origins = [await startOrigin(t), await startOrigin(t)];
  const gateway = await TestGateway.start(t, {
    limits: { lingerMs: 20, streamIdleMs: 1000 },
    timeouts: { requestMs: 300 },
    clusters: [
      { endpoints: origins.map(({ port }) => ({ port })), limits: { connections: 3, pendingRequests: 4, requests: 6 } },
      {
        name: 'copy',
        endpoints: origins.map(({ port }) => ({ port })),
        limits: { connections: 2, pendingRequests: 4, requests: 6 },
      },
    ],
    filters: [{ type: 'RequestMirror', cluster: 'copy', numerator: 1, denominator: 4 }],
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 40 }), async (steps) => play(gateway, origins, steps)),
    { numRuns: 60, endOnFailure: true },
  );
  await gateway.atRest();
  await until('no connection is left', () => gateway.load.connections === 0);
  await until('no timer is left', () => gateway.gateway.activity.timers === 0);
});
