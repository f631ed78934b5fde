import { createECDH, createHash, createPrivateKey } from 'node:crypto';

/* A certificate made for these tests only, valid until 2126: shop.example.com, issued by test-authority. */

export const leafCertificate = `-----BEGIN CERTIFICATE-----
MIIBmDCCAT2gAwIBAgIUMyEgT+WRuHlFfC/FePAMJ/Ur6EwwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOdGVzdC1hdXRob3JpdHkwIBcNMjYxMTIzMDk1NDI1WhgPMjEy
NjEwMzAwOTU0MjVaMBsxGTAXBgNVBAMMEHNob3AuZXhhbXBsZS5jb20wWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAQO1YWuHLX+8F6dEjLZRicLj0oN9tM997d1sjWJ
LzvV7GbcQsHL5NgvczVm5S9CSpfGDNTq3k/UWWaLTgG8uw0xo18wXTAbBgNVHREE
FDASghBzaG9wLmV4YW1wbGUuY29tMB0GA1UdDgQWBBQOQmvWoBHtQJf5TJNnfKTK
eLQdrTAfBgNVHSMEGDAWgBQlcozgL1W3+m2szi4moG2j1z0XizAKBggqhkjOPQQD
AgNJADBGAiEAkmXI+/FpJEI+mZrv3tqK74DjzPn1VTSVtmQxV+I0XBoCIQC5pvdm
ReMXXSOTAVCiTgUWMyCwR0K7w49EaGzCIMhP4Q==
-----END CERTIFICATE-----
`;

/** Derived from a sentence whenever a test needs it, so that no key lies in a file. */
export const leafKey: string = deriveKey();

function deriveKey(): string {
  const scalar = createHash('sha256').update('the key of the leaf certificate in the tests of the model').digest();
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const [x, y, d] = [point.subarray(1, 33), point.subarray(33), scalar].map((part) => part.toString('base64url'));
  const key = { kty: 'EC', crv: 'P-256', x: x!, y: y!, d: d! };
  return createPrivateKey({ key, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' });
}

export const authorityCertificate = `-----BEGIN CERTIFICATE-----
MIIBijCCAS+gAwIBAgIUXBSOTaxnZ5u8rnRaw3uJdAeiA54wCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOdGVzdC1hdXRob3JpdHkwIBcNMjYxMTIzMDk1NDI1WhgPMjEy
NjEwMzAwOTU0MjVaMBkxFzAVBgNVBAMMDnRlc3QtYXV0aG9yaXR5MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEthnkXs6VY5VllZ+UHSahdqYxc6uxHvtSOM3ApmV4
4ySJuSliLH+qfntpjYDTkCX02ReUf7whobdWXvEfhmz2nqNTMFEwHQYDVR0OBBYE
FCVyjOAvVbf6bazOLiagbaPXPReLMB8GA1UdIwQYMBaAFCVyjOAvVbf6bazOLiag
baPXPReLMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAPmkm1Gn
fIj2LhZsQW3s0RxfNlRToGqTqC8mu9nEBTZEAiEA8/X6Xip/UVyq5ykwkFoqcQlJ
3stV0xUwfoFGpayoBcA=
-----END CERTIFICATE-----
`;
