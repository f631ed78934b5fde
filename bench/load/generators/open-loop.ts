// An open-loop load generator: `node open-loop.ts '<JSON of OpenLoopLoad>'`, prints an OpenLoopResult as JSON.
//
// Requests are due at fixed times, whether or not earlier ones were answered, and a latency counts from when its request
// was due. A generator that waits for answers sends less while the target is slow and so misses what users would have
// waited ("coordinated omission"). It runs in a process of its own and spins instead of sleeping: Node's timers are
// 1 ms coarse, several times the latencies that are measured.

import { connect, type Socket } from 'node:net';
import { Histogram } from './histogram.ts';

/** What to send. */
export interface OpenLoopLoad {
  readonly port: number;
  /** Requests take turns through these paths. */
  readonly paths: readonly string[];
  readonly ratePerSecond: number;
  /** Measured time; before it, the same load runs unmeasured for `warmUpSeconds`. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
}

/** What came of it. */
export interface OpenLoopResult {
  readonly measured: number;
  /** Due but not answered within 2 s after the last one was due. */
  readonly unanswered: number;
  /** Answers other than 200, and connections lost. */
  readonly failed: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly greatestUs: number;
}

const READ_BUFFER_BYTES = 64 * 1024;
const LAST_ANSWERS_LIMIT_MS = 2_000;

/** A keep-alive connection with at most one request on its way. */
class Connection {
  readonly #socket: Socket;
  readonly #onAnswer: (connection: Connection, dueMs: number, isGood: boolean) => void;
  #dueMs = 0;
  #isBusy = false;
  #bodyLeft = -1;
  #isGood = false;
  #head = '';

  constructor(port: number, onAnswer: (connection: Connection, dueMs: number, isGood: boolean) => void) {
    this.#onAnswer = onAnswer;
    const buffer = Buffer.allocUnsafe(READ_BUFFER_BYTES);
    const onread = { buffer, callback: (length: number) => this.#read(buffer, length) };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => (this.#isBusy ? this.#finish(false) : undefined));
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => this.#socket.once('connect', resolve).once('error', reject));
  }

  send(request: Buffer, dueMs: number): void {
    this.#dueMs = dueMs;
    this.#isBusy = true;
    this.#socket.write(request);
  }

  close(): void {
    this.#isBusy = false;
    this.#socket.destroy();
  }

  #read(buffer: Buffer, length: number): boolean {
    if (this.#bodyLeft >= 0) {
      this.#bodyLeft -= length;
    } else {
      this.#head += buffer.toString('latin1', 0, length);
      this.#bodyLeft = bodyLeft(this.#head);
      if (this.#bodyLeft === -1) return true;
      this.#isGood = this.#head.startsWith('HTTP/1.1 200');
    }
    if (this.#bodyLeft <= 0) this.#finish(this.#isGood && this.#bodyLeft === 0);
    return true;
  }

  #finish(isGood: boolean): void {
    this.#isBusy = false;
    this.#bodyLeft = -1;
    this.#head = '';
    this.#onAnswer(this, this.#dueMs, isGood);
  }
}

/** @returns bytes of the body still to come, -1 while the head is incomplete, -2 when no length is declared. */
function bodyLeft(head: string): number {
  const end = head.indexOf('\r\n\r\n');
  if (end < 0) return -1;
  const declared = /\r\ncontent-length: *(\d+)/i.exec(head);
  return declared === null ? -2 : Math.max(-2, Number(declared[1]) - (head.length - end - 4));
}

/** Connects, sends the load and waits for the last answers. */
export async function runOpenLoop(load: OpenLoopLoad): Promise<OpenLoopResult> {
  const requests = load.paths.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
  const histogram = new Histogram();
  const idle: Connection[] = [];
  const all = Array.from({ length: load.connections }, () => new Connection(load.port, settle));
  await Promise.all(all.map((connection) => connection.opened()));
  idle.push(...all);

  const intervalMs = 1_000 / load.ratePerSecond;
  const warmUps = Math.round(load.warmUpSeconds * load.ratePerSecond);
  const total = warmUps + Math.round(load.seconds * load.ratePerSecond);
  const startMs = performance.now();
  const firstMeasuredMs = startMs + warmUps * intervalMs;
  const limitMs = startMs + total * intervalMs + LAST_ANSWERS_LIMIT_MS;
  let sent = 0;
  let settled = 0;
  let failed = 0;

  function settle(connection: Connection, dueMs: number, isGood: boolean): void {
    settled++;
    if (!isGood) failed++;
    else if (dueMs >= firstMeasuredMs) histogram.record((performance.now() - dueMs) * 1e6);
    if (connection.isOpen) idle.push(connection);
  }

  function sendDue(): void {
    const nowMs = performance.now();
    while (sent < total && startMs + sent * intervalMs <= nowMs) {
      // First in, first out: all connections take part, as those of many clients would.
      const connection = idle.shift();
      if (connection === undefined) return;
      const request = requests[sent % requests.length];
      if (request !== undefined && connection.isOpen) connection.send(request, startMs + sent * intervalMs);
      sent++;
    }
  }

  await new Promise<void>((resolve) => {
    (function turn(): void {
      sendDue();
      if (settled >= total || performance.now() > limitMs) resolve();
      else setImmediate(turn);
    })();
  });
  for (const connection of all) connection.close();
  return {
    measured: histogram.total,
    unanswered: total - settled,
    failed,
    p50Us: histogram.quantile(0.5) / 1e3,
    p90Us: histogram.quantile(0.9) / 1e3,
    p99Us: histogram.quantile(0.99) / 1e3,
    greatestUs: histogram.greatest / 1e3,
  };
}

if (import.meta.main) {
  const load = JSON.parse(process.argv[2] ?? '{}') as OpenLoopLoad;
  process.stdout.write(`${JSON.stringify(await runOpenLoop(load))}\n`);
}
