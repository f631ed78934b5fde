import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** State of a socket that listens, as in `/proc/net/tcp`. */
const LISTENING = '0A';

/**
 * Finds out which process listens at a port of this machine, as far as the kernel tells this user.
 *
 * @returns for example `123 (nginx)`; undefined where it is not told
 */
export function ownerOfPort(port: number): string | undefined {
  const sockets = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => [...listeningInodes(readText(table), port)]),
  );
  if (sockets.size === 0) return undefined;
  for (const pid of entriesOf('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const file of entriesOf(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${file}`))?.[1];
      if (inode !== undefined && sockets.has(inode)) return `${pid} (${readText(`/proc/${pid}/comm`).trim()})`;
    }
  }
  return undefined;
}

/** Inodes of the sockets in a table that listen at a port. */
export function* listeningInodes(table: string, port: number): Iterable<string> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  for (const line of table.split('\n')) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === LISTENING && local.endsWith(`:${hex}`) && inode !== undefined) yield inode;
  }
}

/** Other users' processes show none. */
function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
