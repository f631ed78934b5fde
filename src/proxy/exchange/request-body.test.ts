import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink } from '#http/body.ts';
import { RequestBody } from './request-body.ts';

/** What happened, as words. */
const createLog = (): {
  readonly events: string[];
  readonly sink: BodySink;
  readonly source: { pause(): void; resume(): void };
} => {
  const events: string[] = [];
  return {
    events,
    sink: {
      write: (chunk) => events.push(`write ${Buffer.from(chunk).toString()}`) > 0,
      end: () => events.push('end'),
      abort: (error) => events.push(`abort ${error.code}`),
    },
    source: { pause: () => events.push('pause'), resume: () => events.push('resume') },
  };
};

const GONE = new ProxyError('downstream_closed', 'downstream', 'connection');

test('RequestBody holds what comes and its source paused until somebody takes it', () => {
  const { events, sink, source } = createLog();
  const body = new RequestBody(source);
  assert.equal(body.write(Buffer.from('a')), false);
  body.write(Buffer.from('b'));
  body.connect(sink);
  body.write(Buffer.from('c'));
  body.end(null);
  assert.deepEqual(events, ['pause', 'pause', 'write ab', 'resume', 'write c', 'end']);
  assert.equal(body.bytes, 3);
});

test('RequestBody lets its source run behind the end too, which else would not notice that the client leaves', () => {
  const { events, sink, source } = createLog();
  const body = new RequestBody(source);
  body.write(Buffer.from('a'));
  body.end(null);
  body.connect(sink);
  assert.deepEqual(events, ['pause', 'write a', 'end', 'resume']);
});

test('RequestBody gives copies all of it, and ends or aborts each once', () => {
  const { events, sink, source } = createLog();
  const copy = createLog();
  const late = createLog();
  const body = new RequestBody(source);
  body.write(Buffer.from('a'));
  body.copyTo(copy.sink);
  body.connect(sink);
  body.write(Buffer.from('b'));
  body.abort(GONE);
  body.abort(GONE);
  body.end(null);
  body.copyTo(late.sink);
  assert.deepEqual(copy.events, ['write a', 'write b', 'abort downstream_closed']);
  assert.deepEqual(events.slice(1), ['write a', 'resume', 'write b', 'abort downstream_closed']);
  assert.deepEqual(late.events, ['abort downstream_closed']);
});

test('RequestBody cannot be aborted behind its end', () => {
  const { events, sink, source } = createLog();
  const body = new RequestBody(source);
  body.connect(sink);
  body.end(null);
  body.abort(GONE);
  assert.deepEqual(events, ['resume', 'end']);
});
