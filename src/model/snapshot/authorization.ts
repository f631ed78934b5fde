/**
 * One `AuthorizationPolicy`, compiled. Listeners, rules and backends name the policies that they are under, so that a
 * changed policy travels alone, and a proxy that lacks one knows it, and refuses.
 */
export interface AuthorizationResource {
  readonly type: 'authorization';
  /** `AuthorizationPolicy/<namespace>/<name>`. */
  readonly name: string;
  readonly version: string;
  readonly action: 'ALLOW' | 'DENY';
  /** Whether it is only recorded what it would deny. */
  readonly audit: boolean;
  /** Paths, in exactly this spelling, that it does not judge. */
  readonly exemptPaths: readonly string[];
  readonly rules: readonly AuthorizationRule[];
  /** Why it cannot be enforced, so that what it is for is refused; null where it can. */
  readonly fault: string | null;
}

/** Holds where one of `from` does and one of `to` does; an empty list asks for nothing. */
export interface AuthorizationRule {
  /** Its declared name, or `rule-<index>`. */
  readonly name: string;
  readonly from: readonly (readonly AuthorizationCondition[])[];
  readonly to: readonly (readonly AuthorizationCondition[])[];
}

/** All conditions of one source or operation must hold. */
export interface AuthorizationCondition {
  /** A proxy that does not know it must refuse. */
  readonly attribute: AuthorizationAttribute;
  /** Whether none of the values may fit, instead of any. */
  readonly negated: boolean;
  readonly values: readonly string[];
}

export type AuthorizationAttribute =
  | 'principal'
  | 'namespace'
  /** `<namespace>/<name>`. */
  | 'serviceAccount'
  /** Address of the peer of the connection. */
  | 'ip'
  /** Address of the client, as trusted proxies tell it. */
  | 'remoteIp'
  | 'host'
  | 'port'
  | 'method'
  | 'path'
  | 'grpcService'
  | 'grpcMethod';

/**
 * Names of policies, by the level that they are for, the most general first. Each level decides by itself, and all must
 * let a request pass.
 */
export type AuthorizationLevels = readonly (readonly string[])[];
