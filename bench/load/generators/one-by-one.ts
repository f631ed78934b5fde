// One request after another over one connection, each timed: what a caller waits for when nobody else asks.

import { connect } from 'node:net';

/** Times from the first byte sent to the last one received. */
export interface Waits {
  readonly p50Us: number;
  /** The best twentieth: what is left of it where others keep the machine busy. */
  readonly p5Us: number;
  readonly requests: number;
}

/**
 * Asks for a path again and again.
 *
 * @throws (rejects) where an answer is not a 200 with a length
 */
export function runOneByOne(port: number, path: string, seconds: number): Promise<Waits> {
  const request = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;
  const waitsUs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let sentMs = 0;
    let text = '';
    const send = (): void => {
      text = '';
      sentMs = performance.now();
      socket.write(request);
    };
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new Error(`cannot ask port ${port} for ${path}: ${reason}`));
    };
    socket.setNoDelay(true).setEncoding('latin1');
    socket
      .once('connect', send)
      .once('error', ({ message }) => fail(message))
      .once('close', () => fail('closed'));
    socket.on('data', (piece: string) => {
      text += piece;
      const complete = isComplete(text);
      if (complete === undefined) return fail(text.slice(0, 200));
      if (!complete) return;
      waitsUs.push((performance.now() - sentMs) * 1000);
      if (performance.now() < endMs) return send();
      socket.removeAllListeners('close').destroy();
      resolve(waitsOf(waitsUs));
    });
  });
}

/** @returns undefined for what is no answer that this generator knows */
export function isComplete(text: string): boolean | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return 'HTTP/1.1 200 '.startsWith(text.slice(0, 13)) ? false : undefined;
  const length = /^content-length: *(\d+)\r?$/im.exec(text.slice(0, end + 2))?.[1];
  if (!text.startsWith('HTTP/1.1 200 ') || length === undefined) return undefined;
  return text.length >= end + 4 + Number(length);
}

function waitsOf(waitsUs: number[]): Waits {
  const sorted = waitsUs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50Us: at(0.5), p5Us: at(0.05), requests: sorted.length };
}
