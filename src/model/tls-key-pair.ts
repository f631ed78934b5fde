import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

/** What is wrong with a certificate or its key, in words that hold nothing of either. */
export interface KeyPairProblem {
  readonly part: 'certificate' | 'key';
  readonly message: string;
  readonly expected: string;
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]{1,64})-----[^-]*-----END \1-----/g;

/**
 * Checks that a PEM certificate chain and a PEM private key can serve TLS together.
 *
 * Validity dates are not looked at: that depends on the clock, and a model does not.
 *
 * @returns all problems found; none for a usable pair
 */
export function examineKeyPair(certificatePem: string, keyPem: string): KeyPairProblem[] {
  const problems: KeyPairProblem[] = [];
  const chain = readChain(certificatePem, problems);
  const key = readKey(keyPem, problems);
  if (key !== undefined && problems.length === 0) problems.push(...judgePair(chain, key));
  return problems;
}

/** Checks that a text holds PEM certificates and no other PEM. */
export function examineCertificates(pem: string): KeyPairProblem[] {
  const problems: KeyPairProblem[] = [];
  readChain(pem, problems);
  return problems;
}

/**
 * Finds what is legal in a list of authorities and surely not meant.
 *
 * @param pem a text in which `examineCertificates` finds nothing wrong
 */
export function* cautionsAboutAuthorities(pem: string): Iterable<Omit<KeyPairProblem, 'part'>> {
  for (const [i, text] of certificatesIn(pem).entries()) {
    const certificate = new X509Certificate(text);
    // One that issued itself is trusted as itself, whatever it says that it may sign.
    if (certificate.ca || certificate.checkIssued(certificate)) continue;
    const message = `certificate ${i + 1} is not an authority's: nothing that it signed is valid`;
    yield { message, expected: 'certificates with the basic constraint CA:TRUE (RFC 5280 §4.2.1.9)' };
  }
}

/** Cuts the certificates out of a text, each with its PEM lines. */
export function certificatesIn(pem: string): string[] {
  return [...pem.matchAll(pemBlock)].filter(([, label]) => label === 'CERTIFICATE').map(([text]) => text);
}

function readChain(pem: string, problems: KeyPairProblem[]): X509Certificate[] {
  const blocks = [...pem.matchAll(pemBlock)];
  const expected = 'PEM that starts with "-----BEGIN CERTIFICATE-----"';
  if (blocks.length === 0)
    problems.push({ part: 'certificate', message: `holds no ${brokenOr(pem)}PEM block`, expected });
  // One that was cut short amid others would else be missed without a word.
  else if (pem.split('-----BEGIN ').length - 1 > blocks.length)
    problems.push({ part: 'certificate', message: 'holds a PEM block that is not complete', expected });
  const chain: X509Certificate[] = [];
  for (const [i, [text, label]] of blocks.entries()) {
    if (label !== 'CERTIFICATE') {
      problems.push({ part: 'certificate', message: `PEM block ${i + 1} is a ${label}, not a certificate`, expected });
      continue;
    }
    const certificate = attempt(() => new X509Certificate(text));
    if (certificate !== undefined) chain.push(certificate);
    else
      problems.push({
        part: 'certificate',
        message: `PEM block ${i + 1} cannot be read as an X.509 certificate`,
        expected: 'the file as the authority issued it',
      });
  }
  return chain;
}

function readKey(pem: string, problems: KeyPairProblem[]): KeyObject | undefined {
  const expected = 'an unencrypted private key in PEM, as in "-----BEGIN PRIVATE KEY-----"';
  const labels = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]{1,64})-----/g)].map(([, label]) => label ?? '');
  const fault = (message: string): undefined => void problems.push({ part: 'key', message, expected });
  if (labels.length === 0) return fault('holds no PEM block');
  if (!labels.some((label) => label.endsWith('PRIVATE KEY')))
    return fault(`PEM block 1 is a ${labels[0]}, not a private key`);
  if (labels.includes('ENCRYPTED PRIVATE KEY') || pem.includes('Proc-Type: 4,ENCRYPTED'))
    return fault('the private key is encrypted');
  return attempt(() => createPrivateKey(pem)) ?? fault('cannot be read as a private key');
}

function judgePair([leaf, ...others]: readonly X509Certificate[], key: KeyObject): KeyPairProblem[] {
  if (leaf === undefined || leaf.checkPrivateKey(key)) return [];
  const position = others.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (position !== -1) {
    const message = `the private key belongs to certificate ${position + 2} of the chain, not to the first`;
    return [{ part: 'certificate', message, expected: 'the certificate of the private key first, then its issuers' }];
  }
  return [
    {
      part: 'key',
      message: 'does not match the certificate',
      expected: 'the private key of the first certificate in tls.crt',
    },
  ];
}

function brokenOr(pem: string): string {
  return pem.includes('-----BEGIN ') ? 'complete ' : '';
}

/** The library's errors say nothing more that an operator could use, and must not be quoted beside a key. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
