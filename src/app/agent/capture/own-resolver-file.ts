import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { RESOLVER_FILE } from '../dns/resolver-configuration.ts';

/**
 * Has a command see another `/etc/resolv.conf` than the machine has, in a mount namespace of its own. Who is not root
 * makes one within a user namespace, and is then itself again.
 *
 * @param path absolute, of the file to be seen
 */
export function withOwnResolverFile(path: string, command: readonly string[]): readonly string[] {
  const [user, group] = [process.getuid!(), process.getgid!()];
  const isRoot = user === 0;
  const namespaces = isRoot ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
  const asBefore = isRoot ? '' : `unshare --user --map-user=${user} --map-group=${group} -- `;
  const script = `mount --bind -- "$1" ${RESOLVER_FILE} && shift && exec ${asBefore}"$@"`;
  // What the machine mounts later is seen as well.
  return ['unshare', ...namespaces, '--propagation', 'slave', '--', 'sh', '-c', script, 'sh', path, ...command];
}

/** Tries it with a command that does nothing. @returns why it cannot be done here; undefined where it can */
export function whyNoOwnResolverFile(path: string): string | undefined {
  const [program = '', ...args] = withOwnResolverFile(path, ['true']);
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 10_000 });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n').at(-1) || `unshare ended with ${status}`);
}
