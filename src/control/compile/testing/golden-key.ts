import { createECDH, createHash, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Stands in test documents, and in golden files, where the key of their certificate belongs. */
export const KEY_PLACEHOLDER = 'KEY_OF_THE_TEST_CERTIFICATE';

/**
 * The key of the certificate in the test documents, PEM. It is derived from a sentence whenever a test needs it, so that no
 * key lies in a file.
 */
export const goldenKey = (): string => {
  const scalar = createHash('sha256').update('the key of the certificate in the test documents').digest();
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const base64url = (bytes: Buffer): string => bytes.toString('base64url');
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: base64url(point.subarray(1, 33)),
    y: base64url(point.subarray(33)),
    d: base64url(scalar),
  };
  return createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' });
};

/** Reads test documents, with the key as one JSON string that takes the placeholder's line and no other. */
export const readDocuments = (path: string): string =>
  readFileSync(path, 'utf8').replaceAll(KEY_PLACEHOLDER, JSON.stringify(goldenKey()));
