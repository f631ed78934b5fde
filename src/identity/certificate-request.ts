import { constructedTag } from './der/element.ts';
import { encodeElement, encodeObjectIdentifier, encodeSequence, encodeSet, encodeSmallInteger } from './der/encoder.ts';
import type { SpiffeId } from './spiffe-id.ts';
import type { WorkloadKey } from './workload-key.ts';
import { emptyName } from './x509/certificate-builder.ts';
import { encodeUriName } from './x509/extensions.ts';
import { objectIdentifier } from './x509/object-identifiers.ts';

/**
 * Asks for a certificate of a key (PKCS#10, RFC 2986 §4). The signature proves that the asker has the private key; the
 * name is a wish, as the authority writes only what it attested.
 *
 * @returns DER
 */
export function createCertificateRequest(key: WorkloadKey, spiffeId: SpiffeId): Uint8Array {
  const extensions = encodeSequence(encodeUriName(spiffeId.uri, true));
  const wish = encodeSequence(encodeObjectIdentifier(objectIdentifier.extensionRequest), encodeSet(extensions));
  const attributes = encodeElement(constructedTag(0), wish);
  return key.sign(encodeSequence(encodeSmallInteger(0), emptyName, key.publicKey, attributes));
}
