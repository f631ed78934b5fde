import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_SNAPSHOT, type Snapshot, type SnapshotDelta } from '#model/snapshot/snapshot.ts';
import { InProcessPublisher } from './in-process.ts';

/** A snapshot whose resources have these names, each with the version that follows it. */
function snapshot(version: string, contents: Readonly<Record<string, string>>): Snapshot {
  const resources = Object.entries(contents).map(([name, v]) => {
    return [`endpoints ${name}`, { type: 'endpoints', name, version: v, endpoints: [] }] as const;
  });
  return { version, resources: new Map(resources) };
}

function summary({ version, upserts, removals }: SnapshotDelta) {
  return `${version}: ${[...upserts.map(({ name }) => `+${name}`), ...removals.map((key) => `-${key.split(' ')[1]}`)].join(' ')}`;
}

/** A subscriber that finishes when told to. */
function manualSubscriber() {
  const deltas: string[] = [];
  const pending: PromiseWithResolvers<void>[] = [];
  const apply = async (delta: SnapshotDelta): Promise<void> => {
    deltas.push(summary(delta));
    const turn = Promise.withResolvers<void>();
    pending.push(turn);
    await turn.promise;
  };
  const next = (): PromiseWithResolvers<void> => pending.shift() ?? assert.fail('nothing is being applied');
  return { deltas, apply, accept: () => next().resolve(), refuse: (reason: Error) => next().reject(reason) };
}

test('InProcessPublisher hands over only what changed', async () => {
  const publisher = new InProcessPublisher();
  const deltas: string[] = [];
  publisher.subscribe(async (delta) => void deltas.push(summary(delta)));
  await publisher.publish(snapshot('1', { a: '1', b: '1' }));
  await publisher.publish(snapshot('2', { a: '1', b: '2', c: '1' }));
  await publisher.publish(snapshot('3', { b: '2' }));
  assert.deepEqual(deltas, ['1: +a +b', '2: +b +c', '3: -a -c']);
  assert.equal(publisher.current.version, '3');
});

test('InProcessPublisher gives a late subscriber what was published last', async () => {
  const publisher = new InProcessPublisher();
  await publisher.publish(snapshot('1', { a: '1' }));
  const { deltas, apply } = manualSubscriber();
  publisher.subscribe(apply);
  assert.deepEqual(deltas, ['1: +a']);
});

test('InProcessPublisher applies one delta at a time and skips what is outdated', async () => {
  const publisher = new InProcessPublisher();
  const { deltas, apply, accept } = manualSubscriber();
  const subscription = publisher.subscribe(apply);
  await Promise.resolve();
  const all = Promise.all([
    publisher.publish(snapshot('1', { a: '1' })),
    publisher.publish(snapshot('2', { a: '2' })),
    publisher.publish(snapshot('3', { a: '3' })),
  ]);
  await new Promise(setImmediate);
  const first = deltas.length;
  assert.equal(first, 1);
  accept();
  await new Promise(setImmediate);
  if (deltas.length > first) accept();
  await all;
  assert.equal(deltas.at(-1), '3: +a');
  assert.ok(deltas.length <= 2, deltas.join('; '));
  assert.equal(subscription.applied.version, '3');
});

test('InProcessPublisher keeps the last good snapshot of a subscriber that refuses, and goes on from there', async () => {
  const publisher = new InProcessPublisher();
  const { deltas, apply, accept, refuse } = manualSubscriber();
  const subscription = publisher.subscribe(apply);
  const step = async (next: Snapshot, settle: () => void) => {
    const published = publisher.publish(next);
    await new Promise(setImmediate);
    settle();
    await published;
  };
  await step(snapshot('1', { a: '1' }), accept);
  const reason = new Error('cannot bind 127.0.0.1:8080');
  await step(snapshot('2', { a: '1', b: '1' }), () => refuse(reason));
  assert.equal(subscription.applied.version, '1');
  assert.deepEqual(subscription.failure, { version: '2', reason });
  await step(snapshot('3', { a: '1', b: '2' }), accept);
  assert.deepEqual(deltas, ['1: +a', '2: +b', '3: +b']);
  assert.equal(subscription.failure, undefined);
});

test('InProcessPublisher forgets a refusal when the last good snapshot is published again', async () => {
  const publisher = new InProcessPublisher();
  const subscription = publisher.subscribe(async ({ version }) => {
    if (version === '2') throw new Error('refused');
  });
  await publisher.publish(snapshot('1', { a: '1' }));
  await publisher.publish(snapshot('2', { a: '2' }));
  assert.equal(subscription.failure?.version, '2');
  await publisher.publish(snapshot('1', { a: '1' }));
  assert.equal(subscription.failure, undefined);
});

test('InProcessPublisher tells a closed subscriber nothing', async () => {
  const publisher = new InProcessPublisher();
  const { deltas, apply } = manualSubscriber();
  const subscription = publisher.subscribe(apply);
  subscription.close();
  await publisher.publish(snapshot('1', { a: '1' }));
  assert.deepEqual(deltas, []);
  assert.equal(subscription.applied, EMPTY_SNAPSHOT);
});

test('InProcessPublisher serves the others when one refuses', async () => {
  const publisher = new InProcessPublisher();
  publisher.subscribe(async () => {
    throw new Error('refused');
  });
  const sound = publisher.subscribe(async () => {});
  await publisher.publish(snapshot('1', { a: '1' }));
  assert.equal(sound.applied.version, '1');
});
