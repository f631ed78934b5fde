import type { TestContext } from 'node:test';
import { createCertificateRequest } from '#identity/certificate-request.ts';
import { parseSpiffeId, type SpiffeId } from '#identity/spiffe-id.ts';
import { readSvid, type Svid } from '#identity/svid.ts';
import { parseTrustDomain, type TrustDomain } from '#identity/trust-domain.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import { BuiltInKeys } from '../built-in-keys.ts';
import { CertificateAuthority } from '../certificate-authority.ts';
import { readCertificateRequest } from '../certificate-request-reader.ts';
import { stateFolder } from './folder.ts';

export const domain: TrustDomain = parseTrustDomain('mesh.test')!;

export function id(uri: string): SpiffeId {
  const parsed = parseSpiffeId(uri);
  if (typeof parsed === 'string') throw new Error(`${uri} ${parsed}`);
  return parsed;
}

export const cart: SpiffeId = id('spiffe://mesh.test/ns/shop/sa/cart');
export const pay: SpiffeId = id('spiffe://mesh.test/ns/shop/sa/pay');

/** An authority of its own for one test. */
export function createAuthority(
  t: TestContext,
  nowMs: number,
  lifetimeMs = 86_400_000,
): { readonly keys: BuiltInKeys; readonly authority: CertificateAuthority } {
  const keys = BuiltInKeys.open(stateFolder(t), domain, lifetimeMs, nowMs);
  return { keys, authority: new CertificateAuthority({ keys, svidLifetimeMs: lifetimeMs }) };
}

/** Goes the way of a workload: a key, a request, the authority, and the workload's own judgement. */
export function obtain(authority: CertificateAuthority, spiffeId: SpiffeId, nowMs: number): Svid {
  const key = WorkloadKey.generate();
  const request = readCertificateRequest(createCertificateRequest(key, spiffeId));
  if (typeof request === 'string') throw new Error(request);
  authority.advance(nowMs);
  const issued = authority.issue(spiffeId, request, nowMs);
  if (typeof issued === 'string') throw new Error(issued);
  const { bundle } = authority;
  const svid = readSvid(issued.certificateChain, { spiffeId, key, bundle, nowMs, obtainedAtMs: nowMs });
  if ('problem' in svid) throw new Error(svid.message);
  return svid;
}
