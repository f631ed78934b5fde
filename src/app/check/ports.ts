import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import process from 'node:process';
import { type Finding, findingsAbout } from './finding.ts';
import { ownerOfPort } from './port-owner.ts';

/** A port that something is to listen at. */
export interface WantedPort {
  /** What for, as in `mesh port`. */
  readonly use: string;
  /** IP address, or '' for all. */
  readonly address: string;
  readonly port: number;
  /** The option by which another one is chosen. */
  readonly option: string;
  /** What is done where it is taken; '' where nothing can be. */
  readonly otherwise: string;
}

/** Tries to listen at each, for a moment. */
export async function checkPorts(wanted: readonly WantedPort[]): Promise<readonly Finding[]> {
  return Promise.all(wanted.map(async (port) => judgePort(port, await tryToListen(port))));
}

/** @param code of the error; '' where it can be had */
function judgePort({ use, address, port, option, otherwise }: WantedPort, code: string): Finding {
  const { good, doubtful, bad } = findingsAbout(use);
  const place = address === '' ? `port ${port}` : `${address.includes(':') ? `[${address}]` : address}:${port}`;
  switch (code) {
    case '':
      return good(`${place} is free`);
    case 'EADDRINUSE': {
      const owner = ownerOfPort(port);
      const text = `${place} is taken${owner === undefined ? '' : ` by process ${owner}`}`;
      return otherwise === '' ? bad(text, `choose another with ${option}`) : doubtful(text, otherwise);
    }
    case 'EACCES':
      return bad(`${place} needs a privilege`, `choose one from ${firstFreePort()} on with ${option}`);
    case 'EADDRNOTAVAIL':
      return bad(`${address} is no address of this machine`, 'choose another address');
    default:
      return bad(`${place} cannot be had: ${code}`);
  }
}

function tryToListen({ address, port }: WantedPort): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, exclusive: true, ...(address !== '' && { host: address }) }, () =>
      server.close(() => resolve('')),
    );
  });
}

/** Ports below it need a privilege. */
function firstFreePort(): number {
  if (process.getuid?.() === 0) return 0;
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  } catch {
    return 1024;
  }
}
