import { X509Certificate } from 'node:crypto';
import type { StateFolder } from '#control/authority/state-folder.ts';
import { certificatesIn } from '#model/tls-key-pair.ts';
import { fingerprintOf, MAX_NAMED_ROOTS } from '../member/join-text.ts';

/** All roots that are trusted now, in PEM: what join tokens name. Nothing in it is secret. */
const FILE = 'roots.pem';

/** Says, for `selvage token create`, which roots are trusted now, wherever they come from. */
export function saveNamedRoots(folder: StateFolder, roots: readonly string[]): void {
  folder.write(FILE, roots.join(''));
}

/**
 * @returns fingerprints of the roots, oldest first; none before the control plane has run
 * @throws where there are more than a token can name
 */
export function readNamedRoots(folder: StateFolder): readonly string[] {
  const roots = certificatesIn(folder.read(FILE) ?? '').map((pem) => fingerprintOf(new X509Certificate(pem)));
  if (roots.length > MAX_NAMED_ROOTS)
    throw new Error(
      `cannot name the roots of the mesh in a join token: there are ${roots.length} (remove those from the file of roots that nothing leads to)`,
    );
  return roots;
}
