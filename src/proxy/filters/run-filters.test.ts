import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields } from '#http/fields.ts';
import type { Answer } from '../exchange/answer.ts';
import type { Exchange, Filter, Verdict } from '../exchange/exchange.ts';
import { runRequestFilters, runResponseFilters, type FilterOutcome } from './run-filters.ts';
import { createTestExchange, createTestResponse } from './testing/exchange.ts';

const ANSWER: Answer = { status: 403, fields: new Fields(), body: null };

/** Notes what came out, in order with what the filters note. */
class Recorder implements FilterOutcome {
  readonly events: string[] = [];

  proceed(): void {
    this.events.push('proceed');
  }

  answer(_exchange: Exchange, answer: Answer): void {
    this.events.push(`answer ${answer.status}`);
  }

  filter(name: string, verdict?: () => Verdict | Promise<Verdict>): Filter {
    const onRequest = (): Verdict | Promise<Verdict> => {
      this.events.push(`${name} request`);
      return verdict?.();
    };
    return { name, onRequest, onResponse: () => void this.events.push(`${name} response`) };
  }
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('runRequestFilters runs a chain in order and proceeds before it returns', () => {
  const recorder = new Recorder();
  const exchange = createTestExchange();
  runRequestFilters(exchange, [recorder.filter('a'), { name: 'mute' }, recorder.filter('b')], recorder);
  assert.deepEqual(recorder.events, ['a request', 'b request', 'proceed']);
  assert.equal(exchange.filtersPassed, 3);
});

test('runRequestFilters stops at an answer; the response passes only the filters before it', () => {
  const recorder = new Recorder();
  const exchange = createTestExchange();
  const chain = [recorder.filter('a'), recorder.filter('b'), recorder.filter('c', () => ANSWER), recorder.filter('d')];
  runRequestFilters(exchange, chain, recorder);
  assert.equal(runResponseFilters(exchange, chain, createTestResponse()), true);
  assert.deepEqual(recorder.events, ['a request', 'b request', 'c request', 'answer 403', 'b response', 'a response']);
});

test('runResponseFilters passes the chain of the backend first, as far as the request came', () => {
  for (const refusing of [false, true]) {
    const recorder = new Recorder();
    const exchange = createTestExchange();
    const rule = [recorder.filter('a'), recorder.filter('b')];
    const backend = [recorder.filter('c'), recorder.filter('d', () => (refusing ? ANSWER : undefined))];
    runRequestFilters(exchange, rule, recorder);
    runRequestFilters(exchange, backend, recorder);
    recorder.events.length = 0;
    runResponseFilters(exchange, backend, createTestResponse(), rule.length);
    runResponseFilters(exchange, rule, createTestResponse());
    const expected = ['c response', 'b response', 'a response'];
    assert.deepEqual(recorder.events, refusing ? expected : ['d response', ...expected]);
  }
});

test('runResponseFilters runs no filter of a chain that the request never reached', () => {
  const recorder = new Recorder();
  const exchange = createTestExchange();
  const rule = [recorder.filter('a', () => ANSWER), recorder.filter('b')];
  runRequestFilters(exchange, rule, recorder);
  recorder.events.length = 0;
  runResponseFilters(exchange, [recorder.filter('c')], createTestResponse(), rule.length);
  runResponseFilters(exchange, rule, createTestResponse());
  assert.deepEqual(recorder.events, []);
});

test('runRequestFilters goes on where it stopped when a promise is kept', async () => {
  const recorder = new Recorder();
  const exchange = createTestExchange();
  const chain = [
    recorder.filter('a', () => Promise.resolve(undefined)),
    recorder.filter('b', () => Promise.resolve(undefined)),
    recorder.filter('c'),
  ];
  runRequestFilters(exchange, chain, recorder);
  assert.deepEqual(recorder.events, ['a request']);
  await settled();
  assert.deepEqual(recorder.events, ['a request', 'b request', 'c request', 'proceed']);
  assert.equal(exchange.filtersPassed, 3);
});

test('runRequestFilters answers with what a promise brings', async () => {
  const recorder = new Recorder();
  runRequestFilters(createTestExchange(), [recorder.filter('a', () => Promise.resolve(ANSWER))], recorder);
  await settled();
  assert.deepEqual(recorder.events, ['a request', 'answer 403']);
});

const FAILURES: readonly (readonly [how: string, fail: () => Promise<Verdict>])[] = [
  [
    'throws',
    () => {
      throw new Error('store at 10.0.0.1 is down');
    },
  ],
  ['rejects', () => Promise.reject(new Error('store at 10.0.0.1 is down'))],
];

for (const [how, fail] of FAILURES) {
  test(`runRequestFilters answers 500 and logs why when a filter ${how}`, async () => {
    const recorder = new Recorder();
    let body: string | null = null;
    const exchange = createTestExchange();
    const then: FilterOutcome = {
      proceed: () => recorder.proceed(),
      answer: (exchange, answer) => {
        body = answer.body;
        recorder.answer(exchange, answer);
      },
    };
    runRequestFilters(exchange, [recorder.filter('gate', fail), recorder.filter('b')], then);
    await settled();
    assert.deepEqual(recorder.events, ['gate request', 'answer 500']);
    assert.equal(exchange.error?.code, 'internal');
    assert.equal(exchange.error?.cause, 'filter gate: store at 10.0.0.1 is down');
    assert.doesNotMatch(String(body), /10\.0\.0\.1/);
  });
}

for (const phase of ['response', 'ended'] as const) {
  for (const rejects of [false, true]) {
    test(`runRequestFilters tells nothing in phase ${phase} when a promise is ${rejects ? 'broken' : 'kept'}`, async () => {
      const recorder = new Recorder();
      const exchange = createTestExchange();
      const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
      runRequestFilters(exchange, [recorder.filter('a', () => promise), recorder.filter('b')], recorder);
      exchange.phase = phase;
      if (rejects) reject(new Error('too late'));
      else resolve(undefined);
      await settled();
      assert.deepEqual(recorder.events, ['a request']);
      assert.equal(exchange.error, null);
    });
  }
}

test('runResponseFilters tells when a filter throws, and runs the others', () => {
  const recorder = new Recorder();
  const exchange = createTestExchange();
  const broken: Filter = {
    name: 'broken',
    onResponse: () => {
      throw new Error('no');
    },
  };
  const chain = [recorder.filter('a'), broken, recorder.filter('b')];
  runRequestFilters(exchange, chain, recorder);
  recorder.events.length = 0;
  assert.equal(runResponseFilters(exchange, chain, createTestResponse()), false);
  assert.deepEqual(recorder.events, ['b response', 'a response']);
  assert.equal(exchange.error?.cause, 'filter broken: no');
});
