import type { NodeIdentity } from '../messages.ts';
import type { ResourceType } from '../resource-type.ts';

/** What is known of a connected proxy. */
export interface ProxyStatus {
  readonly node: NodeIdentity;
  /** Who it is by its certificate: a SPIFFE id, or '' over plain TCP. */
  readonly principal: string;
  /** Serial number of the certificate that its connection was made with; '' over plain TCP. */
  readonly credential: string;
  /** When its stream was opened, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Of the types that it has subscribed to. */
  readonly types: readonly TypeStatus[];
}

export interface TypeStatus {
  readonly type: ResourceType;
  /** Whether it is subscribed to all of the type. */
  readonly wildcard: boolean;
  /** How many names it has subscribed to one by one. */
  readonly names: number;
  /** How many names have changed that it was not sent yet. */
  readonly pending: number;
  /** How many responses it has not answered yet. */
  readonly unanswered: number;
  /** Version of everything that it has said last to have taken; '' before. */
  readonly acknowledgedVersion: string;
  /** What it cannot use; of these it has its last good version, or none. */
  readonly refusals: readonly { readonly name: string; readonly version: string; readonly reason: string }[];
}
