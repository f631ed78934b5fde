import type { SvidSource, WorkloadIdentity } from '#identity/svid-source.ts';
import type { MeshParty } from '#telemetry/exchange-record.ts';

/** What a sidecar shows and whom it believes, kept fresh by somebody else. */
export type MeshIdentity = Pick<SvidSource, 'current' | 'subscribe'>;

/** @returns null where there is no identity now; an expired one is none */
export const validIdentity = ({ current }: MeshIdentity): WorkloadIdentity | null =>
  current === undefined || current.svid.expiresAtMs < Date.now() ? null : current;

/** Nobody in particular. */
export const UNKNOWN_PARTY: MeshParty = Object.freeze({ principal: '', namespace: '', workload: '' });

const WORKLOAD = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/;

/** @param principal SPIFFE id of a verified certificate, or what is announced of one */
export const partyOf = (principal: string): MeshParty => {
  const [, namespace = '', workload = ''] = WORKLOAD.exec(principal) ?? [];
  return Object.freeze({ principal, namespace, workload });
};
