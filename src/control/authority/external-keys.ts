import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { certificatesIn } from '#model/tls-key-pair.ts';
import { readCheckedDocument, writeCheckedDocument } from '#identity/checked-document.ts';
import { createSpiffeId, parseSpiffeId } from '#identity/spiffe-id.ts';
import { readSvid } from '#identity/svid.ts';
import { createTrustBundle, type TrustBundle } from '#identity/trust-bundle.ts';
import { trustDomainUri, type TrustDomain } from '#identity/trust-domain.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import { type CertificateFields, readCertificateFields } from '#identity/x509/certificate-fields.ts';
import { keyUsageBit } from '#identity/x509/extensions.ts';
import { describeKey } from './certificate-request-reader.ts';
import { readSigner, signSvid, type Signer } from './signer.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { StateFolder } from './state-folder.ts';

/** Texts of the files that an operator's own authority provides. */
export interface ExternalAuthorityFiles {
  /** PEM: the certificate to sign with, then those between it and the root. */
  readonly certificateChain: string;
  /** PEM, not encrypted. */
  readonly privateKey: string;
  /** PEM: every root that workloads are to trust. To exchange roots, have both here for the lifetime of an SVID. */
  readonly roots: string;
}

/**
 * Reads an intermediate of an authority outside of Selvage.
 *
 * @param bundleVersion at which its roots are published
 * @returns the reason where SVIDs signed by it would not be valid; it quotes nothing of the key
 */
export function readExternalKeys(
  files: ExternalAuthorityFiles,
  trustDomain: TrustDomain,
  bundleVersion: number,
  nowMs: number,
): SigningKeys | string {
  const [certificate, ...above] = certificatesIn(files.certificateChain);
  if (certificate === undefined) return refusal('its certificate chain holds no certificate');
  const bundle = createTrustBundle(trustDomain, bundleVersion, files.roots);
  if (typeof bundle === 'string') return refusal(bundle);
  const signer = readSigner(certificate, files.privateKey, intermediatesOf([certificate, ...above], bundle));
  if (typeof signer === 'string') return refusal(signer);
  const problem = findProblem(certificate, signer.key, trustDomain, nowMs) ?? findSvidProblem(signer, bundle, nowMs);
  return problem === undefined ? { bundle, signer, ownSigner: signer, advance: () => false } : refusal(problem);
}

const VERSION_FILE = 'external-roots';
const VERSION_KIND = 'selvage-external-roots';

/**
 * Counts the changes of an external authority's roots across restarts, as proxies take over only newer bundles.
 *
 * @throws where the record is damaged
 */
export function countExternalRoots(folder: StateFolder, roots: string): number {
  const digest = createHash('sha256').update(certificatesIn(roots).join('\n')).digest('hex');
  const text = folder.read(VERSION_FILE);
  const last = text === undefined ? { bundleVersion: 0, digest: '' } : readVersion(folder, text);
  if (last.digest === digest) return last.bundleVersion;
  const bundleVersion = last.bundleVersion + 1;
  folder.write(VERSION_FILE, writeCheckedDocument(VERSION_KIND, 1, { bundleVersion, digest }));
  return bundleVersion;
}

function readVersion(folder: StateFolder, text: string): { readonly bundleVersion: number; readonly digest: string } {
  const document = readCheckedDocument(text, VERSION_KIND, 1);
  if ('fault' in document)
    throw new Error(
      `cannot read ${folder.pathOf(VERSION_FILE)}: ${document.fault} (restore it from a backup, or delete it and restart every proxy)`,
    );
  return document.body as { readonly bundleVersion: number; readonly digest: string };
}

/** Everything but roots, which peers have, and must not take from a chain. */
function intermediatesOf(chain: readonly string[], { roots }: TrustBundle): string {
  return chain
    .flatMap((text) => {
      const pem = tryRead(text)?.toString();
      return pem === undefined || roots.includes(pem) ? [] : [pem];
    })
    .join('');
}

function findProblem(pem: string, key: KeyObject, trustDomain: TrustDomain, nowMs: number): string | undefined {
  const certificate = tryRead(pem);
  const fields = certificate && readCertificateFields(certificate.raw);
  if (fields === undefined) return 'its certificate cannot be read';
  if (!fields.isAuthority) return "its certificate is not an authority's (basic constraint CA:TRUE is missing)";
  if (fields.keyUsage?.has(keyUsageBit.keyCertSign) === false) return 'its certificate lacks the key usage keyCertSign';
  if (fields.unknownCritical.length > 0)
    return `its certificate has the critical extension ${fields.unknownCritical[0]}, which is not supported`;
  if (describeKey(key) === undefined) return 'its key is neither on P-256 or P-384 nor RSA of 2048 to 4096 bits';
  if (nowMs > fields.notAfterMs) return `its certificate expired at ${new Date(fields.notAfterMs).toISOString()}`;
  if (nowMs < fields.notBeforeMs)
    return `its certificate is valid only from ${new Date(fields.notBeforeMs).toISOString()}`;
  return findForeignName(fields, trustDomain);
}

/** An authority need not bear a SPIFFE id; where it does, it is its trust domain's without a path (X509-SVID §3.1). */
function findForeignName({ uris }: CertificateFields, trustDomain: TrustDomain): string | undefined {
  const names = uris.filter((uri) => uri.startsWith('spiffe://'));
  if (names.every((name) => name === trustDomainUri(trustDomain))) return undefined;
  const isWorkload = names.some((name) => typeof parseSpiffeId(name) !== 'string');
  return isWorkload
    ? 'its certificate is of a workload'
    : `its certificate is of another trust domain than ${trustDomain}`;
}

/** Signs one to try: path lengths, signatures and validity of the whole chain are then judged as proxies judge them. */
function findSvidProblem(signer: Signer, bundle: TrustBundle, nowMs: number): string | undefined {
  const key = WorkloadKey.generate();
  const spiffeId = createSpiffeId(bundle.trustDomain, 'selvage', 'probe');
  if (typeof spiffeId === 'string') return spiffeId;
  const { certificateChain } = signSvid(signer, spiffeId, key.publicKey, nowMs, 60_000);
  const svid = readSvid(certificateChain, { spiffeId, key, bundle, nowMs, obtainedAtMs: nowMs });
  if (!('problem' in svid)) return undefined;
  return svid.problem === 'foreign-root'
    ? 'its chain leads to none of the roots, or is too long for the path length of one of its authorities'
    : svid.message;
}

function tryRead(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function refusal(problem: string): string {
  return `cannot use the external certificate authority: ${problem}`;
}
