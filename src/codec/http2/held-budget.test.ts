import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DATA, END_STREAM, RST_STREAM, WINDOW_UPDATE } from './frame/frame-type.ts';
import { HeldBudget } from './held-budget.ts';
import { Blocks, frame, int32, POST } from './testing/frames.ts';
import { createServer, type Recording } from './testing/recording.ts';

/** The least that there is (RFC 9113 §6.9.2). */
const CONNECTION_BYTES = 65_535;
const STREAM_BYTES = 65_535;
const FRAME_BYTES = 16_384;

const createTight = (heldBudget: HeldBudget): Recording =>
  createServer({ heldBudget, connectionWindowBytes: CONNECTION_BYTES, streamWindowBytes: STREAM_BYTES });

/** Octets by which the peer may send more on the connection since the last look. */
const openedBy = (server: Recording): number =>
  server
    .take()
    .filter(({ type, streamId }) => type === WINDOW_UPDATE && streamId === 0)
    .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);

const data = (streamId: number, octets: number, flags = 0): Buffer =>
  frame(DATA, flags, streamId, Buffer.alloc(octets, 'x'));

test('streams that are paused leave the window of their connection open, as far as the budget goes', () => {
  const budget = new HeldBudget(10 * FRAME_BYTES);
  const server = createTight(budget);
  const blocks = new Blocks();
  server.onOpened = (recording) => (recording.wantsMore = false);
  let open = CONNECTION_BYTES;
  for (let i = 0; i < 10; i++) {
    const id = 2 * i + 1;
    server.receive([blocks.headers(id, POST, 0x4), data(id, FRAME_BYTES)]);
    open += openedBy(server) - FRAME_BYTES;
    assert.ok(open > CONNECTION_BYTES / 2 - FRAME_BYTES, `${open} octets are open after ${i + 1} paused streams`);
  }
  assert.equal(budget.held, 10 * FRAME_BYTES);
  const before = open;
  server.receive([blocks.headers(101, POST, 0x4), data(101, FRAME_BYTES)]);
  assert.equal(openedBy(server), 0, 'the budget is used up');
  assert.equal(budget.held, 10 * FRAME_BYTES);
  assert.ok(before > FRAME_BYTES);
  for (const recording of server.streams) {
    recording.wantsMore = true;
    recording.stream!.resume();
  }
  assert.equal(budget.held, 0);
});

test('one budget is of all connections that share it', () => {
  const budget = new HeldBudget(FRAME_BYTES);
  const [first, second] = [createTight(budget), createTight(budget)];
  for (const server of [first, second]) {
    server.onOpened = (recording) => (recording.wantsMore = false);
    server.receive([new Blocks().headers(1, POST, 0x4), data(1, FRAME_BYTES)]);
  }
  assert.equal(budget.held, FRAME_BYTES);
  first.connection.close(0);
  assert.equal(budget.held, 0);
});

const which = fc.nat(5);
const step = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), which, octets: fc.integer({ min: 1, max: FRAME_BYTES }) }),
  fc.record({ kind: fc.constantFrom('pause', 'nudge', 'resume', 'discard', 'reset', 'end', 'cancel'), which }),
);

test('whatever becomes of streams, the budget and the window are whole again at the end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 200_000 }), (steps, octets) => {
      const budget = new HeldBudget(octets);
      const server = createTight(budget);
      const blocks = new Blocks();
      for (let i = 0; i < 6; i++) server.receive(blocks.headers(2 * i + 1, POST, 0x4));
      const sent = Array.from({ length: 6 }, () => 0);
      const ended = new Set<number>();
      let open = CONNECTION_BYTES;
      for (const one of steps) {
        const recording = server.streams[one.which]!;
        const id = 2 * one.which + 1;
        if ('octets' in one) {
          const fitting = Math.min(one.octets, open, STREAM_BYTES - sent[one.which]!);
          if (fitting > 0 && !ended.has(one.which)) {
            server.receive(data(id, fitting));
            sent[one.which]! += fitting;
            open -= fitting;
          }
        } else if (one.kind === 'pause') recording.wantsMore = false;
        else if (one.kind === 'nudge') recording.stream!.resume();
        else if (one.kind === 'resume') {
          recording.wantsMore = true;
          recording.stream!.resume();
        } else if (one.kind === 'discard') recording.stream!.discard();
        else if (one.kind === 'cancel') recording.stream!.reset(8);
        else if (!ended.has(one.which)) {
          ended.add(one.which);
          server.receive(one.kind === 'end' ? data(id, 0, END_STREAM) : frame(RST_STREAM, 0, id, int32(8)));
        }
        open += openedBy(server);
        assert.ok(open <= CONNECTION_BYTES + budget.held && budget.held <= octets);
      }
      for (const recording of server.streams) {
        recording.wantsMore = true;
        recording.stream!.resume();
      }
      open += openedBy(server);
      assert.equal(budget.held, 0);
      assert.ok(open <= CONNECTION_BYTES && open > CONNECTION_BYTES / 2, `${open} octets are open`);
      assert.equal(server.failure, null);
    }),
    { numRuns: 300 },
  );
});
