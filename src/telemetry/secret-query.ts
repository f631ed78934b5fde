/**
 * Names of query parameters whose values never reach a log: credentials that somebody put into a URL. In lower case,
 * `-` as `_`. Where a name has an innocent meaning too (`code`, `key`), the value is worth less than the risk.
 */
export const SECRET_PARAMETERS: readonly string[] = Object.freeze([
  'access_key',
  'access_token',
  'api_key',
  'api_token',
  'apikey',
  'assertion',
  'auth',
  'auth_token',
  'authorization',
  'bearer',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'credential',
  'id_token',
  'id_token_hint',
  'jwt',
  'key',
  'otp',
  'passwd',
  'password',
  'pwd',
  'refresh_token',
  'samlresponse',
  'secret',
  'session',
  'session_id',
  'session_token',
  'sessionid',
  'sid',
  'sig',
  'signature',
  'subscription_key',
  'token',
  'x_amz_credential',
  'x_amz_security_token',
  'x_amz_signature',
  'x_api_key',
  'x_goog_credential',
  'x_goog_signature',
]);

const SECRETS = new Set(SECRET_PARAMETERS);

/** What stands in a log in the place of a secret. */
export const REDACTED = 'REDACTED';

const SLASH = 0x2f;

/** @param url a request target or a reference @returns the same with the values of secret parameters, and any user information, replaced */
export const redactSecrets = (url: string): string => {
  const queryAt = url.indexOf('?');
  const clean = queryAt === -1 || !holdsSecret(url, queryAt + 1) ? url : redactQuery(url, queryAt + 1);
  return clean.charCodeAt(0) === SLASH ? clean : redactUserInformation(clean);
};

/** Whether a parameter of that name is to be redacted; as written in the URL, in any case and escaped in part. */
export const isSecret = (name: string): boolean => SECRETS.has(name) || SECRETS.has(normalize(name));

const UNUSUAL = /[^a-z0-9_]/;

const normalize = (name: string): string => {
  if (!UNUSUAL.test(name)) return name;
  let decoded = name;
  try {
    decoded = decodeURIComponent(name);
  } catch {
    // Not decodable for the backend either: it is compared as it is.
  }
  return decoded.trim().toLowerCase().replaceAll('-', '_').replace(/\[.*$/, '');
};

/** Whether a secret name has that length and that last character; few others have both. */
const CANDIDATES = new Uint8Array(32 * 128);
for (const name of SECRET_PARAMETERS) CANDIDATES[name.length * 128 + name.charCodeAt(name.length - 1)] = 1;

const PERCENT = 0x25;
const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const OPEN_BRACKET = 0x5b;

/** The common answer is no, so it is found without making anything. */
const holdsSecret = (url: string, from: number): boolean => {
  if (url.indexOf(';', from) !== -1) return true; // a second separator for some servers: look closely
  for (let at = from; at < url.length; at++) {
    const start = at;
    let code = 0;
    let last = 0;
    let unusual = false;
    for (; at < url.length; at++) {
      code = url.charCodeAt(at);
      if (code === EQUALS || code === AMPERSAND) break;
      if (code === PERCENT || code === OPEN_BRACKET || code > 0x7f) unusual = true;
      last = code;
    }
    if (at === url.length) return false;
    if (code === AMPERSAND) continue;
    if ((unusual || isCandidate(at - start, last)) && isSecret(url.slice(start, at))) return true;
    at = url.indexOf('&', at);
    if (at === -1) return false;
  }
  return false;
};

/** @param last character; 0x20 makes an upper case letter lower and lets the others that matter be */
const isCandidate = (length: number, last: number): boolean =>
  length < 32 && CANDIDATES[length * 128 + (last | 0x20)] === 1;

const redactQuery = (url: string, from: number): string =>
  url.slice(0, from) +
  url
    .slice(from)
    .replace(/([^&;=]+)=([^&;]*)/g, (pair, name: string) => (isSecret(name) ? `${name}=${REDACTED}` : pair));

/** RFC 9110 §4.2.4: user information in a URL is a credential, deprecated and still sent. */
const redactUserInformation = (url: string): string =>
  url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${REDACTED}@`);
