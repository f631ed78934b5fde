import type { RootKeyPair } from './signer.ts';

/*
 * The roots of the built-in authority, and how one takes the place of another while every SVID verifies everywhere:
 *
 *   steady ──rotate──▶ announced ──all proxies know the new root──▶ retiring ──last SVID of the old root expired──▶ steady
 *   old signs          old signs; both are trusted                  new signs; both are trusted                     new signs
 */

export type Rotation =
  | { readonly phase: 'steady' }
  /** @property switchAtMs since 1970 */
  | { readonly phase: 'announced'; readonly switchAtMs: number }
  /** @property dropAtMs since 1970 */
  | { readonly phase: 'retiring'; readonly dropAtMs: number };

export interface RootSet {
  /** Grows with every change of the roots. */
  readonly bundleVersion: number;
  /** Oldest first: one while steady, else two. */
  readonly roots: readonly [RootKeyPair, ...RootKeyPair[]];
  readonly rotation: Rotation;
  /** Lifetime of the longest-lived SVIDs that any of the roots may have signed. */
  readonly longestLifetimeMs: number;
}

/** @returns the root that signs now */
export function signingRoot({ roots, rotation }: RootSet): RootKeyPair {
  return rotation.phase === 'announced' ? roots[0] : roots.at(-1)!;
}

/**
 * Announces a new root.
 *
 * @param announceMs until it signs; a proxy that was away meets it when it renews, at half the lifetime of its SVID
 * @returns the reason where an exchange is under way already
 */
export function beginRotation(set: RootSet, root: RootKeyPair, nowMs: number, announceMs: number): RootSet | string {
  if (set.rotation.phase !== 'steady')
    return 'cannot rotate the root: the last rotation has not ended yet (wait for it)';
  return {
    ...set,
    bundleVersion: set.bundleVersion + 1,
    roots: [...set.roots, root],
    rotation: { phase: 'announced', switchAtMs: nowMs + announceMs },
  };
}

/**
 * Takes the steps that are due, one after the other also where several were missed: the old root stays for a whole
 * lifetime after the switch really happened.
 *
 * @returns `set` itself where none is due
 */
export function advanceRotation(set: RootSet, nowMs: number): RootSet {
  const { rotation, longestLifetimeMs, roots } = set;
  if (rotation.phase === 'announced' && nowMs >= rotation.switchAtMs)
    return { ...set, rotation: { phase: 'retiring', dropAtMs: nowMs + longestLifetimeMs } };
  if (rotation.phase === 'retiring' && nowMs >= rotation.dropAtMs)
    return {
      bundleVersion: set.bundleVersion + 1,
      roots: [roots.at(-1)!],
      rotation: { phase: 'steady' },
      longestLifetimeMs,
    };
  return set;
}
