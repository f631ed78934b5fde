import { TOKEN_LOWER } from '#http/token.ts';
import { FAULTS, type Fault } from './fault.ts';
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  FIELD_NAMES,
  FIRST_ORDINARY,
  HOST,
  isEndToEnd,
  KEEP_ALIVE,
  TE,
  TRANSFER_ENCODING,
  UNKNOWN_NAME,
  UPGRADE,
} from '#http/field-names.ts';
import { LINE_INTS, scan } from './head-scanner.ts';
import type { Http1Limits } from './limits.ts';

/*
 * The second pass over the fields of a head: cuts the ordinary ones into entries, and gathers what frames the message
 * or belongs to the connection in a scratch (see head-scanner.ts for why one is enough).
 */

/** No `Content-Length`. */
export const NO_LENGTH = -1;

class FieldSection {
  hostCount = 0;
  host = '';
  contentLength = NO_LENGTH;
  chunked = false;
  close = false;
  keepAlive = false;
  /** Whether `Connection` names `upgrade`. */
  upgradeNamed = false;
  upgrade = '';
  te = '';
  expect = '';
  keepAliveParameters = '';
  /** Further names in `Connection`. */
  readonly nominated: string[] = [];

  clear(): void {
    this.hostCount = 0;
    this.contentLength = NO_LENGTH;
    this.chunked = false;
    this.close = false;
    this.keepAlive = false;
    this.upgradeNamed = false;
    this.upgrade = '';
    this.te = '';
    this.expect = '';
    this.keepAliveParameters = '';
    if (this.nominated.length > 0) this.nominated.length = 0;
  }
}

/** What {@link collectFields} found beside the entries. */
export const section = new FieldSection();

/**
 * Reads the lines of the last scan.
 * @param text the head as latin1
 * @param base position in the scanned buffer at which the text begins
 * @param entries takes name, value, name, value, …
 * @returns what is wrong, or null
 */
export function collectFields(text: string, base: number, entries: string[], limits: Http1Limits): Fault | null {
  const lines = scan.lines;
  const end = scan.lineCount * LINE_INTS;
  section.clear();
  for (let i = 0; i < end; i += LINE_INTS) {
    const id = lines[i]!;
    const value = text.slice(lines[i + 3]! - base, lines[i + 4]! - base);
    if (id >= FIRST_ORDINARY) {
      entries.push(FIELD_NAMES[id]!, value);
    } else if (id === UNKNOWN_NAME) {
      entries.push(text.slice(lines[i + 1]! - base, lines[i + 2]! - base).toLowerCase(), value);
    } else {
      const fault = noteField(id, value, limits);
      if (fault !== null) return fault;
    }
  }
  return section.nominated.length === 0 ? null : dropNominated(entries);
}

function noteField(id: number, value: string, limits: Http1Limits): Fault | null {
  switch (id) {
    case HOST:
      section.hostCount++;
      section.host = value;
      return null;
    case CONTENT_LENGTH:
      return noteLength(value);
    case TRANSFER_ENCODING:
      return noteCoding(value);
    case CONNECTION:
      return noteConnection(value, limits);
    case KEEP_ALIVE:
      section.keepAliveParameters = value;
      return null;
    case TE:
      section.te = section.te === '' ? value : `${section.te},${value}`;
      return null;
    case UPGRADE:
      section.upgrade = section.upgrade === '' ? value : `${section.upgrade},${value}`;
      return null;
    case EXPECT:
      section.expect = section.expect === '' ? value : `${section.expect},${value}`;
      return null;
    default:
      return null;
  }
}

/**
 * One number, once. Repeated equal values (`5, 5`) could be merged by RFC 9110 §8.6, and leading zeros be read as
 * decimal; but no sender in use needs either, and other recipients read them differently.
 */
function noteLength(value: string): Fault | null {
  if (section.contentLength !== NO_LENGTH) return FAULTS.lengthRepeated;
  if (value.length > 1 && value.charCodeAt(0) === 0x30) return FAULTS.lengthSyntax;
  let length = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return FAULTS.lengthSyntax;
    length = length * 10 + digit;
  }
  if (value.length === 0) return FAULTS.lengthSyntax;
  if (length > Number.MAX_SAFE_INTEGER) return FAULTS.lengthRange;
  section.contentLength = length;
  return null;
}

/** `chunked`, once and alone, in any case (RFC 9112 §6.1). What is well-formed but more gets an answer of its own. */
function noteCoding(value: string): Fault | null {
  if (section.chunked) return FAULTS.coding;
  if (value === 'chunked' || value.toLowerCase() === 'chunked') {
    section.chunked = true;
    return null;
  }
  const codings = value.toLowerCase().split(',').map(trimBlanks);
  const misplaced = codings.slice(0, -1).includes('chunked') || !codings.every(isCoding);
  return misplaced || codings.includes('identity') ? FAULTS.coding : FAULTS.codingUnsupported;
}

/** A coding without parameters: those that have been registered take none. */
function isCoding(text: string): boolean {
  return text.length > 0 && tokenEnd(text, 0) === text.length;
}

function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function noteConnection(value: string, limits: Http1Limits): Fault | null {
  if (value === 'keep-alive') {
    section.keepAlive = true;
    return null;
  }
  let i = 0;
  while (i < value.length) {
    if (value.charCodeAt(i) === 0x2c || isBlank(value.charCodeAt(i))) {
      i++;
      continue;
    }
    const end = tokenEnd(value, i);
    const after = skipBlanks(value, end);
    if (end === i || (after < value.length && value.charCodeAt(after) !== 0x2c)) return FAULTS.connection;
    noteOption(value.slice(i, end).toLowerCase());
    if (section.nominated.length > limits.fieldCount) return FAULTS.nominations;
    i = after;
  }
  return null;
}

function noteOption(option: string): void {
  if (option === 'close') section.close = true;
  else if (option === 'keep-alive') section.keepAlive = true;
  else if (option === 'upgrade') section.upgradeNamed = true;
  else if (option !== 'te') section.nominated.push(option);
}

/** Removes what `Connection` names (RFC 9110 §7.6.1). */
function dropNominated(entries: string[]): Fault | null {
  const nominated = section.nominated;
  for (let i = 0; i < nominated.length; i++) if (isEndToEnd(nominated[i]!)) return FAULTS.nominated;
  let kept = 0;
  for (let i = 0; i < entries.length; i += 2) {
    if (nominated.includes(entries[i]!)) continue;
    entries[kept++] = entries[i]!;
    entries[kept++] = entries[i + 1]!;
  }
  entries.length = kept;
  return null;
}

/** Whether the comma-separated list holds the (lower case) element. */
export function listHas(list: string, element: string): boolean {
  if (list === element) return true;
  return (
    list !== '' &&
    list
      .toLowerCase()
      .split(',')
      .some((item) => trimBlanks(item) === element)
  );
}

/**
 * The first protocol that a message's `Upgrade` offers and that a proxy may carry, in lower case; '' for none. Never
 * `h2c`: requests that hide behind that switch would pass every policy unseen, and RFC 9113 §3.1 retired it.
 * @see RFC 9110 §7.8
 */
export function upgradeProtocol(): string {
  if (section.upgrade === '' || !section.upgradeNamed) return '';
  for (const item of section.upgrade.toLowerCase().split(',')) {
    const protocol = trimBlanks(item);
    if (protocol !== 'h2c' && isProtocol(protocol)) return protocol;
  }
  return '';
}

/** `name ["/" version]`, both tokens. */
function isProtocol(text: string): boolean {
  const nameEnd = tokenEnd(text, 0);
  if (nameEnd === 0 || nameEnd === text.length) return nameEnd > 0;
  return text.charCodeAt(nameEnd) === 0x2f && nameEnd + 1 < text.length && tokenEnd(text, nameEnd + 1) === text.length;
}

function tokenEnd(text: string, start: number): number {
  let i = start;
  while (i < text.length && TOKEN_LOWER[text.charCodeAt(i)] !== 0) i++;
  return i;
}

function skipBlanks(text: string, start: number): number {
  let i = start;
  while (i < text.length && isBlank(text.charCodeAt(i))) i++;
  return i;
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09;
}
