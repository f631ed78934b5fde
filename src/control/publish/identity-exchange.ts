import type { PeerIdentity } from '#identity/peer-identity.ts';
import { createSpiffeId } from '#identity/spiffe-id.ts';
import type { IssuedSvid } from '#identity/svid-source.ts';
import { createTrustBundle, type TrustBundle } from '#identity/trust-bundle.ts';
import { parseTrustDomain, type TrustDomain } from '#identity/trust-domain.ts';
import type { GrpcMethod } from '#xds/grpc-server.ts';
import { INVALID_ARGUMENT, PERMISSION_DENIED } from '#xds/grpc-status.ts';
import { SYSTEM_NAMESPACE } from '../authority/control-identity.ts';
import type { Issuer } from '../authority/issuer.ts';
import { unaryMethod } from './unary-method.ts';

/*
 * How a workload gets its certificate: one gRPC call with JSON in its messages, over TLS.
 *
 *   → {"namespace": "shop", "serviceAccount": "cart", "token": "svt_…", "certificateRequest": "<PKCS#10, base64>"}
 *   ← {"certificateChain": "<PEM>", "trustDomain": "cluster.local", "bundleVersion": 1, "roots": ["<PEM>"]}
 *
 * Without a token, the certificate of the connection itself says who asks: so SVIDs are renewed.
 */

export const IDENTITY_PATH = '/selvage.identity.v1.IdentityService/Issue';

/** What a workload asks. */
export interface IdentityMessage {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Absent to renew. */
  readonly token?: string;
  /** PKCS#10 in DER, in base64. */
  readonly certificateRequest: string;
}

/**
 * The method by which identities are issued.
 *
 * @param peer who asks, by the certificate of the connection; null for nobody
 */
export function identityMethod(issuer: Issuer, trustDomain: TrustDomain, peer: PeerIdentity | null): GrpcMethod {
  return unaryMethod(async (request) => {
    if (!isIdentityMessage(request))
      return { status: { code: INVALID_ARGUMENT, message: 'the request has not the fields of an identity request' } };
    const spiffeId = createSpiffeId(trustDomain, request.namespace, request.serviceAccount);
    if (typeof spiffeId === 'string') return { status: { code: INVALID_ARGUMENT, message: spiffeId } };
    // Nobody may become the control plane.
    if (spiffeId.namespace === SYSTEM_NAMESPACE)
      return {
        status: { code: PERMISSION_DENIED, message: `namespace ${SYSTEM_NAMESPACE} is for Selvage's own processes` },
      };
    const { token } = request;
    if (token === undefined && peer === null)
      return {
        status: { code: PERMISSION_DENIED, message: 'an identity needs a join token, or a valid certificate to renew' },
      };
    const credential =
      token === undefined ? ({ kind: 'svid', peer: peer! } as const) : ({ kind: 'join-token', token } as const);
    const certificateRequest = Buffer.from(request.certificateRequest, 'base64');
    const issued = await issuer.issue({ credential, spiffeId, certificateRequest }, Date.now());
    if ('refusal' in issued) return { status: { code: PERMISSION_DENIED, message: issued.refusal } };
    return answerOf(issued);
  });
}

function isIdentityMessage(request: unknown): request is IdentityMessage {
  const message = request as Partial<Record<keyof IdentityMessage, unknown>> | null | undefined;
  if (typeof message !== 'object' || message === null) return false;
  const { namespace, serviceAccount, token, certificateRequest } = message;
  return (
    [namespace, serviceAccount, certificateRequest].every((field) => typeof field === 'string') &&
    (token === undefined || typeof token === 'string')
  );
}

interface IdentityAnswer {
  readonly certificateChain: string;
  readonly trustDomain: string;
  readonly bundleVersion: number;
  readonly roots: readonly string[];
}

function answerOf({ certificateChain, bundle }: IssuedSvid): IdentityAnswer {
  const { trustDomain, version: bundleVersion, roots } = bundle;
  return { certificateChain, trustDomain, bundleVersion, roots };
}

/** Reads the answer to a request. @returns the reason where it is none */
export function readIdentityAnswer(message: Uint8Array): IssuedSvid | string {
  try {
    const answer = JSON.parse(Buffer.from(message).toString()) as Partial<IdentityAnswer> | null;
    const { certificateChain, trustDomain: domain, bundleVersion, roots } = answer ?? {};
    const trustDomain = typeof domain === 'string' ? parseTrustDomain(domain) : undefined;
    const isWellFormed =
      typeof certificateChain === 'string' &&
      Array.isArray(roots) &&
      roots.every((root) => typeof root === 'string') &&
      Number.isSafeInteger(bundleVersion);
    if (!isWellFormed || trustDomain === undefined) return 'the answer has not the fields of an identity';
    const bundle: TrustBundle | string = createTrustBundle(trustDomain, bundleVersion as number, roots.join('\n'));
    return typeof bundle === 'string' ? bundle : { certificateChain, bundle };
  } catch {
    return 'the answer is not JSON';
  }
}
