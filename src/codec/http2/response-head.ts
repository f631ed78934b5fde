import { Fields } from '#http/fields.ts';
import { ResponseHead } from '#http/head.ts';
import { isBodiless } from '#http/status.ts';
import { STREAM_FAULTS, type Fault } from './fault.ts';
import { section } from './field-section.ts';
import { STATUS } from './hpack/field-kind.ts';

/**
 * Makes the head of the response whose block was decoded last.
 * @param method of the request that it answers, as sent
 * @param upgrade protocol that the request asked for with an extended CONNECT, or ''
 * @param complete whether the stream ends with the head
 * @returns the head; null where something is wrong with it, and `section.fault` says what
 */
export function readResponseHead(method: string, upgrade: string, complete: boolean): ResponseHead | null {
  section.fault ??= checkPseudo();
  if (section.fault !== null) return null;
  const status = statusOf(section.status);
  const head = new ResponseHead(status, new Fields(section.entries, true), 0);
  if (status === -1) section.fault = STREAM_FAULTS.status;
  else if (status === 101) section.fault = STREAM_FAULTS.switchingProtocols;
  else if (status < 200) section.fault = complete ? STREAM_FAULTS.informationalEnd : null;
  else if (method === 'CONNECT' && status < 300) noteTunnel(head, upgrade);
  else section.fault = noteContent(head, method, complete);
  return section.fault === null ? head : null;
}

function checkPseudo(): Fault | null {
  if (section.pseudo === 1 << STATUS) return null;
  return section.has(STATUS) ? STREAM_FAULTS.pseudoMisplaced : STREAM_FAULTS.pseudoMissing;
}

/** @returns 100 to 599, or -1 */
function statusOf(text: string): number {
  if (text === '200') return 200;
  if (text.length !== 3) return -1;
  let status = 0;
  for (let i = 0; i < 3; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    status = status * 10 + digit;
  }
  return status >= 100 ? status : -1;
}

/** A 2xx to an extended CONNECT is what 101 is in HTTP/1.1 (RFC 8441 §5). Either way no content follows but a tunnel. */
function noteTunnel(head: ResponseHead, upgrade: string): void {
  if (upgrade === '') return;
  head.status = 101;
  head.upgrade = upgrade;
}

function noteContent(head: ResponseHead, method: string, complete: boolean): Fault | null {
  const length = section.contentLength;
  if (method === 'HEAD' || isBodiless(head.status)) {
    head.declaredLength = length;
    return null;
  }
  if (!complete) head.bodyLength = length;
  else if (length > 0) return STREAM_FAULTS.lengthDiffers;
  return null;
}
