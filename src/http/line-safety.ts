import { Fields } from './fields.ts';
import { FIELD_OCTET, isFieldName } from './token.ts';

/*
 * The last look at what leaves. Heads from decoders are valid; what filters put into them should be. If one does not
 * check, its mistake must not become request or response splitting (CR or LF that an attacker chose).
 */

const SP = 0x20;
const DEL = 0x7f;
const LATIN1_END = 0x100;

/** Whether the text may stand between the spaces of a request line. */
export function isVisible(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c <= SP || c >= DEL) return false;
  }
  return true;
}

/** @returns the target with all that must not stand in a request line escaped; never throws */
export function escapeTarget(target: string): string {
  let out = '';
  for (const octet of Buffer.from(target, 'utf8')) {
    out +=
      octet > SP && octet < DEL ? String.fromCharCode(octet) : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** @returns fields that fit in lines: what no value may hold becomes spaces (RFC 9110 §5.5), bad names go */
export function repairFields(fields: Fields): Fields {
  const repaired: string[] = [];
  for (let i = 0; i < fields.entries.length; i += 2) {
    const name = fields.entries[i]!.toLowerCase();
    if (isFieldName(name)) repaired.push(name, blankOut(fields.entries[i + 1]!));
  }
  return new Fields(repaired, true);
}

function blankOut(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    out += c < LATIN1_END && FIELD_OCTET[c] === 1 ? text[i]! : ' ';
  }
  return out.trim();
}
