import type { ControlPlane } from './control-plane.ts';
import type { EventLog } from './event-log.ts';
import type { IssuanceLog } from './issuance-log.ts';
import type { RunningAuthority } from './running-authority.ts';

/** What the admin API of a control plane tells of, and gives orders to. */
export interface ControlSubject {
  /** Of the build. */
  readonly version: string;
  readonly control: ControlPlane;
  readonly authority: RunningAuthority;
  readonly log: IssuanceLog;
  readonly events: EventLog;
  /** What orders must show. */
  readonly adminToken: string;
}
