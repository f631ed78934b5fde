import { FIELD_OCTET, TOKEN_LOWER } from '#http/token.ts';
import { FAULTS, type Fault } from './fault.ts';
import { findFieldName } from '#http/field-names.ts';
import type { Http1Limits } from './limits.ts';

/*
 * The first of two passes over a head: validates every octet and notes where things are, without allocating. The
 * second (field-section.ts, and the decoders) cuts strings out of the head, once it is known to be whole and valid.
 *
 * What it notes lies in this module: a scan and the reading of its result happen within one call of a decoder, before
 * any observer runs, so that one scratch serves all connections of a thread.
 */

/** What a scan returns instead of a position: more octets are needed. */
export const INCOMPLETE = -1;
/** What a scan returns instead of a position: `scan.fault` says why. */
export const FAULTY = -2;

/** Integers that `scan.lines` holds per field line: number of the name, its bounds, bounds of the value. */
export const LINE_INTS = 5;

/** Where a scan found things, as positions in the scanned buffer. */
class HeadScan {
  lines = new Int32Array(100 * LINE_INTS);
  lineCount = 0;
  fault: Fault | null = null;
  methodStart = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** Where the target's `?` is, or -1. */
  queryStart = -1;
  /** 10 or 11. */
  version = 11;
  status = 0;
}

export const scan = new HeadScan();

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
const QUESTION_MARK = 0x3f;
const VERSION_PREFIX = Buffer.from('HTTP/');
/** How many octets from SP on are visible ASCII or SP. */
const VISIBLE = 0x7f - SP;

/**
 * 1 for each octet of a request target, 2 for `?`. Visible ASCII without `#`: RFC 3986 allows less, but what else
 * there is (`|`, `{`, `"`, …) is sent by browsers and clients in use and confuses nobody about where the target ends.
 */
const TARGET_OCTET = targetTable();

function targetTable(): Uint8Array {
  const table = new Uint8Array(256).fill(1, 0x21, 0x7f);
  table[0x23] = 0;
  table[QUESTION_MARK] = 2;
  return table;
}

/** Makes room in the scratch for as many field lines as a decoder may let pass. */
export function reserveLines(count: number): void {
  if (scan.lines.length < count * LINE_INTS) scan.lines = new Int32Array(count * LINE_INTS);
}

function faulty(fault: Fault): number {
  scan.fault = fault;
  return FAULTY;
}

/**
 * Scans a request line and the fields behind it.
 * @param end behind the last octet; at most as far as the limit of a head allows
 * @returns the position behind the head's empty line, {@link INCOMPLETE} or {@link FAULTY}
 * @see RFC 9112 §3
 */
export function scanRequest(buffer: Uint8Array, start: number, end: number, limits: Http1Limits): number {
  const methodEnd = scanMethod(buffer, start, end, limits);
  if (methodEnd < 0) return methodEnd;
  const targetEnd = scanTarget(buffer, methodEnd + 1, end, limits);
  if (targetEnd < 0) return targetEnd;
  const lineEnd = scanVersion(buffer, targetEnd + 1, end);
  if (lineEnd < 0) return lineEnd;
  return scanFields(buffer, lineEnd, end, limits);
}

function scanMethod(buffer: Uint8Array, start: number, end: number, limits: Http1Limits): number {
  let i = start;
  while (i < end && TOKEN_LOWER[buffer[i]!] !== 0) i++;
  if (i - start > limits.methodBytes) return faulty(FAULTS.methodLength);
  if (i === end) return INCOMPLETE;
  if (i === start || buffer[i] !== SP) return faulty(FAULTS.method);
  scan.methodStart = start;
  return (scan.methodEnd = i);
}

function scanTarget(buffer: Uint8Array, start: number, end: number, limits: Http1Limits): number {
  const octets = TARGET_OCTET;
  let queryStart = -1;
  let i = start;
  for (; i < end; i++) {
    const kind = octets[buffer[i]!];
    if (kind === 1) continue;
    if (kind === 0) break;
    if (queryStart === -1) queryStart = i;
  }
  if (i - start > limits.targetBytes) return faulty(FAULTS.targetLength);
  if (i === end) return INCOMPLETE;
  if (i === start || buffer[i] !== SP) return faulty(FAULTS.target);
  scan.targetStart = start;
  scan.queryStart = queryStart;
  return (scan.targetEnd = i);
}

/** `HTTP/1.x` and CR LF. Whatever is well-formed but another version is told apart, for the answer's sake. */
function scanVersion(buffer: Uint8Array, start: number, end: number): number {
  if (end - start < 10) return INCOMPLETE;
  if (!isVersion(buffer, start)) return faulty(FAULTS.versionSyntax);
  if (buffer[start + 8] !== CR || buffer[start + 9] !== LF) return faulty(FAULTS.versionSyntax);
  return noteVersion(buffer, start) ? start + 10 : faulty(FAULTS.version);
}

function isVersion(buffer: Uint8Array, i: number): boolean {
  return (
    buffer[i] === 0x48 &&
    buffer[i + 1] === 0x54 &&
    buffer[i + 2] === 0x54 &&
    buffer[i + 3] === 0x50 &&
    buffer[i + 4] === 0x2f &&
    isDigit(buffer[i + 5]!) &&
    buffer[i + 6] === 0x2e &&
    isDigit(buffer[i + 7]!)
  );
}

/** Whether what has come may become a version: tells a peer of another protocol before it is waited for. */
function mayBeVersion(buffer: Uint8Array, start: number, end: number): boolean {
  const known = Math.min(end - start, VERSION_PREFIX.length);
  for (let i = 0; i < known; i++) if (buffer[start + i] !== VERSION_PREFIX[i]) return false;
  return true;
}

function noteVersion(buffer: Uint8Array, start: number): boolean {
  const minor = buffer[start + 7]! - DIGIT_0;
  if (buffer[start + 5] !== DIGIT_0 + 1 || minor > 1) return false;
  scan.version = 10 + minor;
  return true;
}

function isDigit(c: number): boolean {
  return c >= DIGIT_0 && c <= DIGIT_9;
}

/**
 * Scans a status line and the fields behind it. The space before an absent reason phrase may be absent too: some
 * servers leave it out, and nothing can be read in two ways for that.
 * @returns as {@link scanRequest}
 * @see RFC 9112 §4
 */
export function scanResponse(buffer: Uint8Array, start: number, end: number, limits: Http1Limits): number {
  if (end - start < 14) return mayBeVersion(buffer, start, end) ? INCOMPLETE : faulty(FAULTS.versionSyntax);
  if (!isVersion(buffer, start)) return faulty(FAULTS.versionSyntax);
  if (!noteVersion(buffer, start)) return faulty(FAULTS.version);
  const hundreds = buffer[start + 9]! - DIGIT_0;
  const tens = buffer[start + 10]! - DIGIT_0;
  const ones = buffer[start + 11]! - DIGIT_0;
  if (
    buffer[start + 8] !== SP ||
    !(hundreds >= 1 && hundreds <= 9 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9)
  ) {
    return faulty(FAULTS.status);
  }
  scan.status = hundreds * 100 + tens * 10 + ones;
  const lineEnd = scanReason(buffer, start + 12, end);
  return lineEnd < 0 ? lineEnd : scanFields(buffer, lineEnd, end, limits);
}

function scanReason(buffer: Uint8Array, start: number, end: number): number {
  let i = start;
  if (buffer[i] === SP) while (i < end && FIELD_OCTET[buffer[i]!] === 1) i++;
  if (i + 1 >= end) return INCOMPLETE;
  return buffer[i] === CR && buffer[i + 1] === LF ? i + 2 : faulty(FAULTS.status);
}

/**
 * Scans field lines up to and including the empty line behind them.
 * @returns as {@link scanRequest}
 * @see RFC 9112 §5
 */
export function scanFields(buffer: Uint8Array, start: number, end: number, limits: Http1Limits): number {
  const { lines } = scan;
  const maxCount = limits.fieldCount;
  // A table in a local variable is loaded once, not once an octet.
  const token = TOKEN_LOWER;
  let count = 0;
  let i = start;
  for (;;) {
    if (i >= end) return INCOMPLETE;
    if (buffer[i] === CR) {
      if (i + 1 === end) return INCOMPLETE;
      if (buffer[i + 1] !== LF) return faulty(FAULTS.lineEnd);
      scan.lineCount = count;
      return i + 2;
    }
    if (count === maxCount) return faulty(FAULTS.fieldCount);

    const nameStart = i;
    while (i < end && token[buffer[i]!] !== 0) i++;
    if (i === end) return INCOMPLETE;
    // White space before the colon is what makes one recipient see `Transfer-Encoding` and another not (§5.1).
    if (buffer[i] !== COLON || i === nameStart) return faulty(nameFault(buffer[nameStart]!));
    const nameEnd = i++;

    while (i < end && (buffer[i] === SP || buffer[i] === HTAB)) i++;
    const valueStart = i;
    for (; i < end; i++) {
      const c = buffer[i]!;
      // One comparison for visible ASCII and SP; then obs-text and HTAB.
      if ((c - SP) >>> 0 >= VISIBLE && c < 0x80 && c !== HTAB) break;
    }
    if (i === end) return INCOMPLETE;
    if (buffer[i] !== CR) return faulty(valueFault(buffer[i]!));
    if (i + 1 === end) return INCOMPLETE;
    if (buffer[i + 1] !== LF) return faulty(FAULTS.lineEnd);
    let valueEnd = i;
    while (valueEnd > valueStart && (buffer[valueEnd - 1] === SP || buffer[valueEnd - 1] === HTAB)) valueEnd--;
    i += 2;

    const line = count++ * LINE_INTS;
    lines[line] = findFieldName(buffer, nameStart, nameEnd);
    lines[line + 1] = nameStart;
    lines[line + 2] = nameEnd;
    lines[line + 3] = valueStart;
    lines[line + 4] = valueEnd;
  }
}

function nameFault(first: number): Fault {
  return first === SP || first === HTAB ? FAULTS.fieldFold : FAULTS.fieldName;
}

function valueFault(octet: number): Fault {
  return octet === LF ? FAULTS.lineEnd : FAULTS.fieldValue;
}
