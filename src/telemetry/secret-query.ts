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

/** The common answer is no, so it is found without making anything but the names. */
const holdsSecret = (url: string, from: number): boolean => {
  if (url.indexOf(';', from) !== -1) return true; // a second separator for some servers: look closely
  for (let at = from; at < url.length;) {
    const equals = url.indexOf('=', at);
    if (equals === -1) return false;
    const end = url.indexOf('&', at);
    const stop = end === -1 ? url.length : end;
    if (equals < stop && isSecret(url.slice(at, equals))) return true;
    at = stop + 1;
  }
  return false;
};

const redactQuery = (url: string, from: number): string =>
  url.slice(0, from) +
  url
    .slice(from)
    .replace(/([^&;=]+)=([^&;]*)/g, (pair, name: string) => (isSecret(name) ? `${name}=${REDACTED}` : pair));

/** RFC 9110 §4.2.4: user information in a URL is a credential, deprecated and still sent. */
const redactUserInformation = (url: string): string =>
  url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${REDACTED}@`);
