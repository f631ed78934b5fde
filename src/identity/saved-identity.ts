import { readCheckedDocument, writeCheckedDocument } from './checked-document.ts';
import { parseSpiffeId } from './spiffe-id.ts';
import { readSvid } from './svid.ts';
import type { WorkloadIdentity } from './svid-source.ts';
import { createTrustBundle, type TrustBundle } from './trust-bundle.ts';
import { parseTrustDomain } from './trust-domain.ts';
import { WorkloadKey } from './workload-key.ts';

const KIND = 'selvage-identity';
const VERSION = 1;

interface Saved {
  readonly spiffeId: string;
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly obtainedAtMs: number;
  readonly trustDomain: string;
  readonly bundleVersion: number;
  readonly roots: readonly string[];
}

/**
 * Writes what a proxy starts from when its control plane is away.
 *
 * @returns the text of a file that holds the private key, so that only its owner may read it
 */
export function writeSavedIdentity({ svid, bundle }: WorkloadIdentity): string {
  const saved: Saved = {
    spiffeId: svid.spiffeId.uri,
    certificateChain: svid.certificateChain,
    privateKey: svid.key.exportPem(),
    obtainedAtMs: svid.obtainedAtMs,
    trustDomain: bundle.trustDomain,
    bundleVersion: bundle.version,
    roots: bundle.roots,
  };
  return writeCheckedDocument(KIND, VERSION, saved);
}

/**
 * Reads what `writeSavedIdentity` wrote.
 *
 * @param nowMs since 1970
 * @returns the reason where it cannot be used, also where it has expired; the proxy then asks for a new identity
 */
export function readSavedIdentity(text: string, nowMs: number): WorkloadIdentity | string {
  const document = readCheckedDocument(text, KIND, VERSION);
  if ('fault' in document) return document.fault;
  if (!isSaved(document.body)) return 'its fields are not those of a saved identity';
  const { certificateChain, obtainedAtMs } = document.body;
  const spiffeId = parseSpiffeId(document.body.spiffeId);
  const key = WorkloadKey.fromPem(document.body.privateKey);
  const bundle = readBundle(document.body);
  if (typeof spiffeId === 'string') return `its SPIFFE id ${spiffeId}`;
  if (key === undefined) return 'its private key cannot be read';
  if (typeof bundle === 'string') return bundle;
  const svid = readSvid(certificateChain, { spiffeId, key, bundle, nowMs, obtainedAtMs });
  return 'problem' in svid ? svid.message : { svid, bundle };
}

function readBundle({ trustDomain, bundleVersion, roots }: Saved): TrustBundle | string {
  const name = parseTrustDomain(trustDomain);
  return name === undefined
    ? 'its trust domain is no name of one'
    : createTrustBundle(name, bundleVersion, roots.join(''));
}

function isSaved(body: unknown): body is Saved {
  const saved = body as Partial<Record<keyof Saved, unknown>> | null;
  if (typeof saved !== 'object' || saved === null) return false;
  const { spiffeId, certificateChain, privateKey, trustDomain, obtainedAtMs, bundleVersion, roots } = saved;
  return (
    [spiffeId, certificateChain, privateKey, trustDomain].every((field) => typeof field === 'string') &&
    [obtainedAtMs, bundleVersion].every(Number.isSafeInteger) &&
    Array.isArray(roots) &&
    roots.every((root) => typeof root === 'string')
  );
}
