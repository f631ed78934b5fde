/** Why a certificate is no identity here. */
export type IdentityProblemCode =
  | 'malformed'
  | 'not-yet-valid'
  | 'expired'
  | 'no-uri'
  | 'several-uris'
  | 'not-a-spiffe-id'
  | 'foreign-trust-domain'
  | 'authority-certificate'
  | 'wrong-usage'
  | 'foreign-root'
  | 'other-key'
  | 'other-identity';

/** A finding about a certificate, in words that hold nothing secret. */
export interface IdentityProblem {
  readonly problem: IdentityProblemCode;
  readonly message: string;
}

export function identityProblem(problem: IdentityProblemCode, message: string): IdentityProblem {
  return { problem, message };
}
