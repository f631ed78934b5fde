const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PERCENT = 0x25;
const PLUS = 0x2b;
const QUESTION_MARK = 0x3f;

/**
 * Reads a query parameter; its first occurrence decides, as most servers read it and as Gateway API advises.
 *
 * Names and values are decoded as `application/x-www-form-urlencoded` (URL Standard §5.1): `+` is a space, `%xx` an
 * octet of UTF-8, and what is no valid escape stands for itself. A parameter without `=` has the value ''.
 *
 * One pass over the query however it is built: what a client sends must not make this quadratic.
 *
 * @param query - with its `?`, or ''
 * @returns undefined where the parameter is absent
 */
export function queryParam(query: string, name: string): string | undefined {
  let start = query.charCodeAt(0) === QUESTION_MARK ? 1 : 0;
  let equals = -1;
  let isEncoded = false;
  for (let at = start; at <= query.length; at++) {
    // NaN at the end, which ends the last parameter.
    const code = at < query.length ? query.charCodeAt(at) : AMPERSAND;
    if (code === EQUALS && equals === -1) equals = at;
    else if (equals === -1 && isEscape(code)) isEncoded = true;
    else if (code === AMPERSAND) {
      const nameEnd = equals === -1 ? at : equals;
      if (at > start && isName(query, start, nameEnd, isEncoded, name)) {
        return equals === -1 ? '' : decodeComponent(query.slice(equals + 1, at));
      }
      start = at + 1;
      equals = -1;
      isEncoded = false;
    }
  }
  return undefined;
}

function isEscape(code: number): boolean {
  // Octets above ASCII are decoded too: they are UTF-8 that nobody escaped.
  return code === PERCENT || code === PLUS || code > 0x7f;
}

function isName(query: string, start: number, end: number, isEncoded: boolean, name: string): boolean {
  if (isEncoded) return decodeComponent(query.slice(start, end)) === name;
  return end - start === name.length && query.startsWith(name, start);
}

/** Decodes a name or a value. Returns the same string where there is nothing to decode. */
function decodeComponent(text: string): string {
  let isUtf8 = false;
  let decoded = '';
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) isUtf8 = true;
    if (code !== PLUS && code !== PERCENT) continue;
    const octet = code === PLUS ? 0x20 : octetAt(text, at + 1);
    if (octet < 0) continue;
    if (octet > 0x7f) isUtf8 = true;
    decoded += text.slice(copied, at) + String.fromCharCode(octet);
    if (code === PERCENT) at += 2;
    copied = at + 1;
  }
  decoded = copied === 0 ? text : decoded + text.slice(copied);
  return isUtf8 ? Buffer.from(decoded, 'latin1').toString('utf8') : decoded;
}

/** @returns the octet that two hexadecimal digits write, or -1 */
function octetAt(text: string, at: number): number {
  const high = hexValue(text.charCodeAt(at));
  const low = hexValue(text.charCodeAt(at + 1));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
