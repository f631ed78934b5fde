import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { encodeSigned } from './x509/signature.ts';

/**
 * A workload's private key. It does not show in logs, dumps or JSON; the only ways out are a TLS context and the file
 * of the workload itself.
 */
export class WorkloadKey {
  readonly #privateKey: KeyObject;
  /** Encoded `SubjectPublicKeyInfo`. */
  readonly publicKey: Uint8Array;

  private constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    this.publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  }

  /** Makes a new key on P-256: the smallest that every TLS 1.3 implementation must have (RFC 8446 §9.1). */
  static generate(): WorkloadKey {
    return new WorkloadKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  }

  /** @returns undefined for anything but an unencrypted private key on P-256 */
  static fromPem(pem: string): WorkloadKey | undefined {
    try {
      const key = createPrivateKey(pem);
      return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? new WorkloadKey(key) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Signs an encoded body into the structure of requests. */
  sign(body: Uint8Array): Uint8Array {
    return encodeSigned(body, this.#privateKey);
  }

  /** The secret itself, in PKCS#8: for `tls.createSecureContext` and the workload's own file, for nothing else. */
  exportPem(): string {
    return this.#privateKey.export({ type: 'pkcs8', format: 'pem' });
  }
}
