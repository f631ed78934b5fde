import type { RootKeyPair } from './signer.ts';

/*
 * The roots of the built-in authority, and how one takes the place of another while every SVID verifies everywhere:
 *
 *   steady ──rotate──▶ announced ──all proxies know the new root──▶ retiring ──last SVID of the old root expired──▶ steady
 *   old signs          old signs; both are trusted                  new signs; both are trusted                     new signs
 */

/** Asks that a step be taken as soon as all connected proxies are ready for it: `RootExchange` judges that. */
export interface Prompt {
  /** How long they must have been ready, in ms. Renewals are spread over as long. */
  readonly marginMs: number;
}

export type Rotation =
  | { readonly phase: 'steady' }
  /** @property switchAtMs since 1970, at the latest */
  | { readonly phase: 'announced'; readonly switchAtMs: number; readonly prompt?: Prompt }
  /** @property dropAtMs since 1970, at the latest */
  | { readonly phase: 'retiring'; readonly dropAtMs: number; readonly prompt?: Prompt };

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
 * @param prompt absent where time alone counts
 * @returns the reason where an exchange is under way already
 */
export function beginRotation(
  set: RootSet,
  root: RootKeyPair,
  nowMs: number,
  announceMs: number,
  prompt?: Prompt,
): RootSet | string {
  if (set.rotation.phase !== 'steady')
    return 'cannot rotate the root: the last rotation has not ended yet (wait for it)';
  return {
    ...set,
    bundleVersion: set.bundleVersion + 1,
    roots: [...set.roots, root],
    rotation: { phase: 'announced', switchAtMs: nowMs + announceMs, ...(prompt !== undefined && { prompt }) },
  };
}

/** @returns the set, whose exchange no longer waits for the clock alone; `set` itself where none is under way */
export function hastenRotation(set: RootSet, prompt: Prompt): RootSet {
  return set.rotation.phase === 'steady' ? set : { ...set, rotation: { ...set.rotation, prompt } };
}

/**
 * Takes the steps that are due, one after the other also where several were missed: the old root stays for a whole
 * lifetime after the switch really happened.
 *
 * @param isHastened whether the next step is due now, whatever its time
 * @returns `set` itself where none is due
 */
export function advanceRotation(set: RootSet, nowMs: number, isHastened = false): RootSet {
  const { rotation, longestLifetimeMs, roots } = set;
  if (rotation.phase === 'announced' && (isHastened || nowMs >= rotation.switchAtMs)) {
    const { prompt } = rotation;
    const dropAtMs = nowMs + longestLifetimeMs;
    return { ...set, rotation: { phase: 'retiring', dropAtMs, ...(prompt !== undefined && { prompt }) } };
  }
  if (rotation.phase === 'retiring' && (isHastened || nowMs >= rotation.dropAtMs))
    return {
      bundleVersion: set.bundleVersion + 1,
      roots: [roots.at(-1)!],
      rotation: { phase: 'steady' },
      longestLifetimeMs,
    };
  return set;
}
