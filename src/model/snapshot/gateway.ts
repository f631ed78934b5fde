/** What a gateway's own proxy is to know of it, behind all that it serves. */
export interface GatewayResource {
  readonly type: 'gateway';
  /** `<namespace>/<name>`. */
  readonly name: string;
  readonly version: string;
  /** Why this proxy is given nothing of it to serve; null where it is. */
  readonly problem: string | null;
}
