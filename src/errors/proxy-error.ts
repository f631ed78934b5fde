import type { ErrorCode } from './error-table.ts';

/** Whose fault a failure is: the caller's side, the backend's side, or this proxy's own policy or state. */
export type ErrorOrigin = 'downstream' | 'upstream' | 'local';

/** How much must be torn down: this exchange alone, or everything on the connection. */
export type ErrorScope = 'stream' | 'connection';

/**
 * Whether another attempt is safe. `always`: the request never reached the application. `idempotent`: it may have,
 * so only methods that may be repeated (RFC 9110 §9.2.2) are tried again. `never`: an answer or a policy stands.
 */
export type RetrySafety = 'always' | 'idempotent' | 'never';

/**
 * A failure of one exchange or connection, as a value: peers' violations and policies' denials are never thrown.
 * `detail` may be shown to a caller, so it names no address and no secret; `cause` is for the log alone.
 */
export class ProxyError {
  readonly code: ErrorCode;
  readonly origin: ErrorOrigin;
  readonly scope: ErrorScope;
  readonly retry: RetrySafety;
  /** One sentence for the caller, or '' for the table's own text. */
  readonly detail: string;
  /** What was behind it, for the access log: an errno or a parser's reason; never sent to a peer. */
  readonly cause: string;
  /** The policy that refused, as in `AuthorizationPolicy/shop/staff`; '' where none did. Shown to the caller. */
  readonly policy: string;

  constructor(
    code: ErrorCode,
    origin: ErrorOrigin,
    scope: ErrorScope,
    options: {
      readonly retry?: RetrySafety;
      readonly detail?: string;
      readonly cause?: string;
      readonly policy?: string;
    } = {},
  ) {
    this.code = code;
    this.origin = origin;
    this.scope = scope;
    this.retry = options.retry ?? 'never';
    this.detail = options.detail ?? '';
    this.cause = options.cause ?? '';
    this.policy = options.policy ?? '';
  }
}
