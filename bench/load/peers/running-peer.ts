// A peer that was started and answers.

import { readFileSync, truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../machine/ports.ts';
import type { Started, Workspace } from '../machine/workspace.ts';
import type { Peer, PeerName } from './peer.ts';

/** A started peer. */
export interface RunningPeer {
  readonly name: PeerName;
  readonly routes: number;
  readonly port: number;
  /** The first process; its descendants belong to the peer too. */
  readonly pid: number;
  /** From the start of the process to its first good answer. */
  readonly readyAfterMs: number;
  /** Empties the access log, which grows by megabytes per second under load. */
  readonly emptyLog: () => void;
  readonly stop: (graceMs?: number) => Promise<void>;
}

/** What differs from run to run. */
export interface StartOptions {
  readonly upstreamPort: number;
  readonly routes: number;
  readonly accessLog: boolean;
}

/** How long a peer may take to answer its first request. */
const READY_LIMIT_MS = 20_000;

/** Starts a peer and waits until a request through it succeeds. @throws {Error} when it ends or stays silent. */
export async function startPeer(workspace: Workspace, peer: Peer, options: StartOptions): Promise<RunningPeer> {
  const folder = workspace.newFolder(peer.name);
  const port = await freePort();
  const log = join(folder, 'access.log');
  const launch = peer.prepare({
    folder,
    port,
    adminPort: await freePort(),
    upstreamPort: options.upstreamPort,
    routes: options.routes,
    ...(options.accessLog ? { accessLog: log } : {}),
  });
  const startedAt = performance.now();
  const process = workspace.start(launch, folder);
  const { stop } = process;
  try {
    await untilAnswered(port, `/r${options.routes - 1}/small`, process, READY_LIMIT_MS);
  } catch (error) {
    const complaint = readFileSync(join(folder, 'stderr'), 'utf8').trim().slice(-800);
    await stop();
    throw new Error(`cannot start ${peer.name}: ${String(error)}\n${complaint}`, { cause: error });
  }
  const readyAfterMs = performance.now() - startedAt;
  const emptyLog = (): void => (options.accessLog ? emptyFile(log) : undefined);
  return { name: peer.name, routes: options.routes, port, pid: process.pid, readyAfterMs, emptyLog, stop };
}

/** Asks again and again until one answer is a 200. @throws {Error} when the process ends or `limitMs` pass. */
export async function untilAnswered(port: number, path: string, process: Started, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await askOnce(port, path)).startsWith('HTTP/1.1 200 ')) {
    if (process.hasEnded()) throw new Error('the process ended before it answered');
    if (performance.now() > deadline) throw new Error(`no good answer within ${limitMs} ms`);
    await sleep(2);
  }
}

/** @returns the beginning of the answer, or nothing when the connection fails. */
export function askOnce(port: number, path: string, host = 'localhost'): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('connect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (answer.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(answer));
  });
}

function emptyFile(path: string): void {
  try {
    truncateSync(path);
  } catch {
    // A peer may open its log with its first line only.
  }
}
