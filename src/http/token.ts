/*
 * Character classes of RFC 9110 §5 as tables, indexed by the octet: one load a character, which is what makes a
 * strict parser as fast as a careless one.
 */

/** Lower case of each octet that a token may hold (RFC 9110 §5.6.2), 0 for all others. */
export const TOKEN_LOWER: Readonly<Uint8Array> = tokenTable();

/** 1 for each octet that a field value may hold (RFC 9110 §5.5): HTAB, SP, VCHAR and obs-text. */
export const FIELD_OCTET: Readonly<Uint8Array> = fieldOctetTable();

function tokenTable(): Uint8Array {
  const table = new Uint8Array(256);
  for (const c of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") table[c.charCodeAt(0)] = c.charCodeAt(0);
  for (let c = 0x41; c <= 0x5a; c++) table[c] = c + 0x20;
  return table;
}

function fieldOctetTable(): Uint8Array {
  const table = new Uint8Array(256).fill(1, 0x20);
  table[0x09] = 1;
  table[0x7f] = 0;
  return table;
}

/** Whether the text is a token (RFC 9110 §5.6.2), upper or lower case. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 0x7f || TOKEN_LOWER[c] === 0) return false;
  }
  return text.length > 0;
}

/**
 * Whether the text may name a field in {@link Fields}: a token without upper case letters. Whatever sets a field from
 * text that no codec has checked must ask this first.
 * @see RFC 9110 §5.1, RFC 9113 §8.2.1
 */
export function isFieldName(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0 || c > 0x7f || TOKEN_LOWER[c] !== c) return false; // the table maps what is no token to 0
  }
  return text.length > 0;
}

/**
 * Whether the text may be a field's value: no control character but HTAB, nothing above U+00FF (which a write as
 * latin1 would cut to another octet, possibly CR or LF), no white space at either end.
 * @see RFC 9110 §5.5
 */
export function isFieldValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 0xff || FIELD_OCTET[c] === 0) return false;
  }
  return text.length === 0 || (!isBlank(text.charCodeAt(0)) && !isBlank(text.charCodeAt(text.length - 1)));
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09;
}
