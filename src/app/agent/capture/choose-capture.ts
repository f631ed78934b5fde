import { join, resolve } from 'node:path';
import type { RunOptions } from '#cli/run.ts';
import type { ApplicationCapture } from './capture.ts';
import { DnsCapture } from './dns-capture.ts';
import { TransparentCapture } from './transparent-capture.ts';

const RESOLVER_FILE = 'resolv.conf';

/**
 * Comes before this process makes any socket.
 *
 * @returns null where the environment alone leads the application to its sidecar
 * @throws where what is asked for cannot be had here, saying what to do
 */
export function chooseCapture(run: RunOptions, warn: (message: string) => void): ApplicationCapture | null {
  const { capture, id, state, ports } = run;
  if (capture.type === 'none') return null;
  if (capture.type === 'transparent') return new TransparentCapture({ ports: ports.map(({ port }) => port), warn });
  const resolverFile = capture.isOwn ? join(resolve(state), RESOLVER_FILE) : undefined;
  return new DnsCapture({ id, resolverFile, port: capture.port, warn });
}
