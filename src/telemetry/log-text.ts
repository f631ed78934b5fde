/** What stays as it is in a JSON string: printable ASCII but the quote and the backslash. */
const NEEDS_ESCAPE = /[^ !#-[\]-~]/;

const NON_ASCII = /[\u007f-\uffff]/g;

/**
 * Turns text into what stands between the quotes of a JSON string, in ASCII alone, so that a log's bytes are its
 * characters. Text whose characters are octets (as of field values, RFC 9110 §5.5) is read as UTF-8 where it is that.
 */
export const escapeText = (text: string): string => (NEEDS_ESCAPE.test(text) ? escapeSlowly(text) : text);

const escapeSlowly = (text: string): string =>
  JSON.stringify(decodeOctets(text))
    .slice(1, -1)
    .replace(NON_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decodeOctets = (text: string): string => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return text;
  try {
    return utf8.decode(Uint8Array.from(text, (octet) => octet.charCodeAt(0)));
  } catch {
    return text;
  }
};

/**
 * A copy in one piece. Concatenating many small pieces costs as much as all the rest of a line, and a piece that was
 * cut out of the head of a request keeps all of that head in memory.
 */
export const inOnePiece = (ascii: string): string => Buffer.from(ascii, 'latin1').latin1Slice();

/** A power of two. */
const MEMORY_SLOTS = 64;

/** Longer texts are not kept. */
const MAX_KEPT_LENGTH = 512;

/**
 * Escapes text that repeats from line to line, such as the user agent, with what always stands around it: comparing it
 * with the one before is several times faster than looking through it. Texts of different lengths do not push each
 * other out.
 */
export class RepeatedText {
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #texts: (string | null)[] = Array.from({ length: MEMORY_SLOTS }, () => null);
  readonly #results: string[] = Array.from({ length: MEMORY_SLOTS }, () => '');

  constructor(prefix = '', suffix = '') {
    this.#prefix = prefix;
    this.#suffix = suffix;
  }

  /** @returns prefix, escaped text, suffix */
  of(text: string): string {
    const slot = text.length & (MEMORY_SLOTS - 1);
    return this.#texts[slot] === text ? this.#results[slot]! : this.#make(text, slot);
  }

  #make(text: string, slot: number): string {
    const escaped = escapeText(text);
    const result = this.#prefix + escaped + this.#suffix;
    if (escaped !== text || text.length > MAX_KEPT_LENGTH) return result; // rare, and only ASCII can be copied so
    this.#texts[slot] = inOnePiece(text);
    return (this.#results[slot] = inOnePiece(result));
  }
}

/** The part of a line that belongs to a long-lived object, in ASCII, built once for each. */
export class CachedText<Subject extends object> {
  readonly #build: (subject: Subject) => string;
  readonly #texts = new WeakMap<Subject, string>();
  #last: Subject | null = null;
  #lastText = '';

  constructor(build: (subject: Subject) => string) {
    this.#build = build;
  }

  /** @returns '' for null */
  of(subject: Subject | null): string {
    if (subject === this.#last) return this.#lastText;
    if (subject === null) return '';
    let text = this.#texts.get(subject);
    if (text === undefined) this.#texts.set(subject, (text = inOnePiece(this.#build(subject))));
    this.#last = subject;
    this.#lastText = text;
    return text;
  }
}

/** `.001` for 1 … `` for 0, without trailing zeros. */
const FRACTIONS: readonly string[] = Array.from({ length: 1000 }, (_, i) => String(i / 1000).slice(1));

/** @returns a number of milliseconds ≥ 0 with at most three decimals; negative or not a number: 0 */
export const millisecondsText = (ms: number): string => {
  if (!(ms > 0)) return '0';
  const micros = Math.round(ms * 1000);
  const whole = Math.floor(micros / 1000);
  return `${whole}${FRACTIONS[micros - whole * 1000]!}`;
};
