import { type CodeRanges, MAX_CODE, invertRanges, mergeRanges } from './code-ranges.ts';
import { escapeClass, posixClass } from './named-classes.ts';
import { PatternFault, type PatternReader } from './pattern-reader.ts';

const CONTROL_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
]);

const REFUSED_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['b', 'word boundaries are not supported (write the neighbouring characters as a class)'],
  ['B', 'word boundaries are not supported (write the neighbouring characters as a class)'],
  ['k', 'backreferences are not supported (they cannot be matched in linear time)'],
  ['p', 'unicode classes are not supported (list the ranges in a class)'],
  ['P', 'unicode classes are not supported (list the ranges in a class)'],
  ['', 'the pattern ends with a backslash (write \\\\ for the character itself)'],
]);

/** Reads what follows a backslash. @returns one code unit, or the set of a class escape such as `\d` */
export function parseEscape(reader: PatternReader): number | CodeRanges {
  const offset = reader.at - 1;
  const letter = reader.take();
  const set = escapeClass(letter);
  if (set) return set;
  if (letter === 'x') return parseHex(reader, offset);
  const control = CONTROL_ESCAPES.get(letter);
  if (control !== undefined) return control;
  return parseIdentityEscape(letter, offset);
}

function parseIdentityEscape(letter: string, offset: number): number {
  const refusal = REFUSED_ESCAPES.get(letter);
  if (refusal) throw new PatternFault(refusal, offset);
  if (letter >= '1' && letter <= '9') {
    throw new PatternFault('backreferences are not supported (they cannot be matched in linear time)', offset);
  }
  if (isAsciiAlphanumeric(letter) || letter.charCodeAt(0) > 0x7f) {
    throw new PatternFault(`unknown escape \\${letter}`, offset);
  }
  return letter.charCodeAt(0);
}

function isAsciiAlphanumeric(letter: string): boolean {
  return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
}

/** `\x2f` or `\x{2f}`. */
function parseHex(reader: PatternReader, offset: number): number {
  const digits = reader.accept('{') ? reader.acceptUntil('}') : reader.take() + reader.take();
  if (digits === undefined || digits === '' || !isHex(digits)) {
    throw new PatternFault('invalid hexadecimal escape (write \\x2f or \\x{2f})', offset);
  }
  const code = Number.parseInt(digits, 16);
  if (code > MAX_CODE) throw new PatternFault('characters above U+FFFF are not supported in escapes', offset);
  return code;
}

function isHex(digits: string): boolean {
  for (const digit of digits.toLowerCase()) {
    if (!((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'))) return false;
  }
  return true;
}

/**
 * Reads a bracketed class; the cursor stands behind `[`.
 * @param fold - applied before negation, so that `(?i)[^a]` excludes both cases
 */
export function parseClass(reader: PatternReader, fold: (ranges: CodeRanges) => CodeRanges): CodeRanges {
  const offset = reader.at - 1;
  const negated = reader.accept('^');
  const pairs: number[] = [];
  // A ] right after the opening stands for itself, as in RE2 and POSIX.
  let first = true;
  while (first || !reader.accept(']')) {
    if (reader.done)
      throw new PatternFault('the class is never closed (add ], or write \\[ for the character)', offset);
    first = false;
    pairs.push(...parseClassItem(reader));
  }
  const ranges = fold(mergeRanges(pairs));
  return negated ? invertRanges(ranges) : ranges;
}

function parseClassItem(reader: PatternReader): CodeRanges {
  const offset = reader.at;
  if (reader.accept('[:')) return parsePosixClass(reader, offset);
  const low = parseClassAtom(reader);
  if (typeof low !== 'number') return low;
  const isRange =
    reader.peek() === '-' && reader.source.charAt(reader.at + 1) !== ']' && reader.at + 1 < reader.source.length;
  if (!isRange) return [low, low];
  reader.take();
  const high = parseClassAtom(reader);
  if (typeof high !== 'number' || high < low) {
    throw new PatternFault(`invalid range ${reader.source.slice(offset, reader.at)} in a class`, offset);
  }
  return [low, high];
}

function parsePosixClass(reader: PatternReader, offset: number): CodeRanges {
  const name = reader.acceptUntil(':]');
  const set = name === undefined ? undefined : posixClass(name);
  if (!set) throw new PatternFault('unknown class name after [: (for example [[:alnum:]])', offset);
  return set;
}

function parseClassAtom(reader: PatternReader): number | CodeRanges {
  const offset = reader.at;
  const character = reader.take();
  if (character === '\\') return parseEscape(reader);
  const code = character.charCodeAt(0);
  // Half of a surrogate pair would become a member of its own and match halves of other characters.
  if (code >= 0xd800 && code <= 0xdfff)
    throw new PatternFault('characters above U+FFFF are not supported in a class', offset);
  return code;
}
