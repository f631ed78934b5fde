import { type CodeRanges, invertRanges, mergeRanges } from './code-ranges.ts';

const DIGIT: CodeRanges = [0x30, 0x39];
const UPPER: CodeRanges = [0x41, 0x5a];
const LOWER: CodeRanges = [0x61, 0x7a];
const ALPHA: CodeRanges = [...UPPER, ...LOWER];
const WORD: CodeRanges = mergeRanges([...DIGIT, ...ALPHA, 0x5f, 0x5f]);
// RE2's \s leaves out the vertical tab, which [[:space:]] has.
const SPACE: CodeRanges = [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20];

const ESCAPES: ReadonlyMap<string, CodeRanges> = new Map([
  ['d', DIGIT],
  ['w', WORD],
  ['s', SPACE],
  ['D', invertRanges(DIGIT)],
  ['W', invertRanges(WORD)],
  ['S', invertRanges(SPACE)],
]);

const POSIX: ReadonlyMap<string, CodeRanges> = new Map([
  ['alnum', mergeRanges([...DIGIT, ...ALPHA])],
  ['alpha', ALPHA],
  ['ascii', [0x00, 0x7f]],
  ['blank', [0x09, 0x09, 0x20, 0x20]],
  ['cntrl', [0x00, 0x1f, 0x7f, 0x7f]],
  ['digit', DIGIT],
  ['graph', [0x21, 0x7e]],
  ['lower', LOWER],
  ['print', [0x20, 0x7e]],
  ['punct', [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e]],
  ['space', [0x09, 0x0d, 0x20, 0x20]],
  ['upper', UPPER],
  ['word', WORD],
  ['xdigit', [0x30, 0x39, 0x41, 0x46, 0x61, 0x66]],
]);

/** The set behind `\d`, `\w`, `\s` and their negations: ASCII only, as in RE2. */
export function escapeClass(letter: string): CodeRanges | undefined {
  return ESCAPES.get(letter);
}

/**
 * The set behind `[:name:]` or `[:^name:]`.
 * @param name - what stands between the colons
 */
export function posixClass(name: string): CodeRanges | undefined {
  if (!name.startsWith('^')) return POSIX.get(name);
  const positive = POSIX.get(name.slice(1));
  return positive && invertRanges(positive);
}
