import type { SvidSource } from '#identity/svid-source.ts';

/** Who a process is in the mesh, for whoever asks its admin API: nothing of it is secret. */
export interface IdentityView {
  readonly spiffeId: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** Milliseconds since 1970. */
  readonly obtainedAtMs: number;
  readonly expiresAtMs: number;
  readonly bundleVersion: number;
  /** How many roots it believes. */
  readonly roots: number;
  /** Why it could not be renewed at the last attempt; '' where it could. */
  readonly problem: string;
}

/** @returns null where there is no valid identity */
export function identityView({ current, lastProblem }: SvidSource): IdentityView | null {
  if (current === undefined) return null;
  const { svid, bundle } = current;
  const { spiffeId, serialNumber, obtainedAtMs, expiresAtMs } = svid;
  return {
    spiffeId: spiffeId.uri,
    serialNumber,
    obtainedAtMs,
    expiresAtMs,
    bundleVersion: bundle.version,
    roots: bundle.roots.length,
    problem: lastProblem ?? '',
  };
}
