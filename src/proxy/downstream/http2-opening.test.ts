import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import { Http2Opening, loadedHttp2 } from './http2-opening.ts';

/** A connection that writes down what becomes of it. */
class Played {
  readonly log: string[] = [];
  #observer: ConnectionObserver | null = null;

  pause(): void {
    this.log.push('pause');
  }
  resume(): void {
    this.log.push('resume');
  }
  observe(observer: ConnectionObserver): void {
    this.#observer = observer;
  }
  received(bytes: Buffer, length: number): void {
    this.#observer!.receive(bytes, length);
  }
  destroy(): void {
    this.log.push('destroy');
  }
}

function open(): { readonly played: Played; readonly opening: Http2Opening; readonly ended: Promise<void> } {
  const played = new Played();
  const ended = Promise.withResolvers<void>();
  const session: ConnectionObserver = {
    receive: (buffer, length) => played.log.push(`receive ${buffer.latin1Slice(0, length)}`),
    drained: () => {},
    halfClosed: () => played.log.push('half-closed'),
    closed: () => {},
  };
  const opening = new Http2Opening(played as unknown as Connection, {
    ready(Session) {
      assert.equal(Session.name, 'Http2Session');
      played.log.push('ready');
      queueMicrotask(ended.resolve);
      return session;
    },
    gone() {
      played.log.push('gone');
      ended.resolve();
    },
  });
  return { played, opening, ended: ended.promise };
}

test('Http2Opening reads nothing until HTTP/2 is loaded, and then hands over what had come, in order', async () => {
  const { played, opening, ended } = open();
  const lent = Buffer.from('one');
  opening.receive(lent, 3);
  lent.fill('x'); // the next read overwrites it
  opening.receive(Buffer.from('two and more'), 3);
  opening.halfClosed();
  opening.drain();
  await ended;
  assert.deepEqual(played.log, ['pause', 'ready', 'receive one', 'receive two', 'half-closed', 'resume']);
  assert.equal(loadedHttp2()?.name, 'Http2Session');
});

test('Http2Opening makes no session for a connection that is gone before', async () => {
  const { played, opening, ended } = open();
  opening.destroy();
  opening.closed();
  await ended;
  await import('./http2-session.ts');
  await new Promise(setImmediate);
  assert.deepEqual(played.log, ['pause', 'destroy', 'gone']);
});
