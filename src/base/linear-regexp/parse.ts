import { type CodeRanges, foldCase, invertRanges } from './code-ranges.ts';
import { parseClass, parseEscape } from './parse-class.ts';
import { PatternFault, PatternReader } from './pattern-reader.ts';
import {
  BEGIN,
  EMPTY,
  END,
  type SyntaxNode,
  createAlternate,
  createConcat,
  createRepeat,
  createSet,
} from './syntax.ts';

/** Longest pattern accepted, in code units. The limit of the Gateway API's own schema for matches. */
export const MAX_PATTERN_LENGTH = 1024;
/**
 * Most instructions that a pattern may compile to; bounds the cost of one input character on the slow path. With these,
 * 16 KiB of the most hostile input take some tens of milliseconds.
 */
export const MAX_PROGRAM_SIZE = 512;
/** Highest count in `{m,n}`, as in RE2. */
export const MAX_REPEAT = 1000;
/** Deepest nesting of groups: the parser and the compiler recurse once for each. */
export const MAX_DEPTH = 200;

const ANY = invertRanges([]);
const ANY_BUT_NEWLINE = invertRanges([0x0a, 0x0a]);

/** Parses RE2 syntax. @throws PatternFault when the pattern is malformed, unsupported, or too large */
export function parsePattern(source: string): SyntaxNode {
  if (source.length > MAX_PATTERN_LENGTH) {
    throw new PatternFault(`the pattern is longer than ${MAX_PATTERN_LENGTH} characters`, MAX_PATTERN_LENGTH);
  }
  return new Parser(source).parse();
}

class Parser {
  readonly #reader: PatternReader;
  #depth = 0;
  #ignoresCase = false;
  #dotMatchesNewline = false;

  constructor(source: string) {
    this.#reader = new PatternReader(source);
  }

  parse(): SyntaxNode {
    const node = this.#parseAlternate();
    if (!this.#reader.done) {
      throw new PatternFault('a group is closed that was never opened (write \\) for the character)', this.#reader.at);
    }
    checkSize(node, 0);
    return node;
  }

  #parseAlternate(): SyntaxNode {
    const branches = [this.#parseConcat()];
    while (this.#reader.accept('|')) branches.push(this.#parseConcat());
    return createAlternate(branches);
  }

  #parseConcat(): SyntaxNode {
    const nodes: SyntaxNode[] = [];
    while (!this.#reader.done && this.#reader.peek() !== '|' && this.#reader.peek() !== ')') {
      if (this.#reader.accept('\\Q')) nodes.push(...this.#parseQuoted());
      else nodes.push(this.#parseRepeated());
    }
    return createConcat(nodes);
  }

  #parseRepeated(): SyntaxNode {
    const atom = this.#parseAtom();
    const offset = this.#reader.at;
    const counts = this.#parseCounts();
    if (!counts) return atom;
    // A lazy repetition matches the same inputs: laziness only picks which of several matches is captured.
    this.#reader.accept('?');
    const nested = this.#reader.at;
    if (this.#parseCounts()) {
      throw new PatternFault('a repetition cannot follow another (put the first into a group)', nested);
    }
    const repeat = createRepeat(atom, counts[0], counts[1]);
    checkSize(repeat, offset);
    return repeat;
  }

  #parseCounts(): readonly [min: number, max: number] | undefined {
    if (this.#reader.accept('*')) return [0, Infinity];
    if (this.#reader.accept('+')) return [1, Infinity];
    if (this.#reader.accept('?')) return [0, 1];
    return this.#parseBraces();
  }

  /** `{m}`, `{m,}`, `{m,n}`; a brace that starts none of these stands for itself, as in RE2. */
  #parseBraces(): readonly [min: number, max: number] | undefined {
    const reader = this.#reader;
    const offset = reader.at;
    if (!reader.accept('{')) return undefined;
    const min = reader.takeNumber();
    const max = reader.accept(',') ? (reader.peek() === '}' ? Infinity : reader.takeNumber()) : min;
    if (Number.isNaN(min) || Number.isNaN(max) || !reader.accept('}')) {
      reader.at = offset;
      return undefined;
    }
    checkCounts(min, max, offset);
    return [min, max];
  }

  #parseAtom(): SyntaxNode {
    const reader = this.#reader;
    const offset = reader.at;
    const character = reader.take();
    switch (character) {
      case '^':
        return BEGIN;
      case '$':
        return END;
      case '.':
        return createSet(this.#dotMatchesNewline ? ANY : ANY_BUT_NEWLINE);
      case '[':
        return createSet(parseClass(reader, (ranges) => this.#fold(ranges)));
      case '(':
        return this.#parseGroup(offset);
      case '\\':
        return this.#parseEscaped();
      case '*':
      case '+':
      case '?':
        throw new PatternFault(
          `nothing before ${character} to repeat (write \\${character} for the character)`,
          offset,
        );
      default:
        return this.#parseLiteral(character);
    }
  }

  #parseEscaped(): SyntaxNode {
    if (this.#reader.accept('A')) return BEGIN;
    if (this.#reader.accept('z')) return END;
    const escape = parseEscape(this.#reader);
    return createSet(typeof escape === 'number' ? this.#fold([escape, escape]) : escape);
  }

  /** A character above U+FFFF is one atom of two code units, so that `𝒳+` repeats both. */
  #parseLiteral(character: string): SyntaxNode {
    const first = this.#literal(character);
    const isHigh = character >= '\ud800' && character <= '\udbff';
    const low = this.#reader.peek();
    if (!isHigh || low < '\udc00' || low > '\udfff') return first;
    return createConcat([first, this.#literal(this.#reader.take())]);
  }

  #literal(character: string): SyntaxNode {
    const code = character.charCodeAt(0);
    return createSet(this.#fold([code, code]));
  }

  /** `\Q…\E`: everything between stands for itself; without `\E`, to the end. */
  #parseQuoted(): SyntaxNode[] {
    const reader = this.#reader;
    const text = reader.acceptUntil('\\E') ?? reader.source.slice(reader.at);
    if (!reader.source.startsWith('\\E', reader.at - 2)) reader.at = reader.source.length;
    return text.split('').map((character) => this.#literal(character));
  }

  #parseGroup(offset: number): SyntaxNode {
    if (++this.#depth > MAX_DEPTH) throw new PatternFault(`groups nest deeper than ${MAX_DEPTH}`, offset);
    const ignoredCase = this.#ignoresCase;
    const matchedNewline = this.#dotMatchesNewline;
    const flagsOnly = this.#parseGroupHead(offset);
    this.#depth--;
    if (flagsOnly) return EMPTY;
    this.#depth++;
    const node = this.#parseAlternate();
    if (!this.#reader.accept(')')) {
      throw new PatternFault('the group is never closed (add ), or write \\( for the character)', offset);
    }
    this.#depth--;
    // Flags set within a group end with it.
    this.#ignoresCase = ignoredCase;
    this.#dotMatchesNewline = matchedNewline;
    return node;
  }

  /** Reads what may follow `(`. @returns true for `(?flags)`, which has no body */
  #parseGroupHead(offset: number): boolean {
    const reader = this.#reader;
    if (!reader.accept('?')) return false;
    if (reader.accept('=') || reader.accept('!') || reader.accept('<=') || reader.accept('<!')) {
      throw new PatternFault('lookaround is not supported (it cannot be matched in linear time)', offset);
    }
    if (reader.accept('>')) throw new PatternFault('atomic groups are not supported (write (?:…))', offset);
    if (reader.accept('P=')) {
      throw new PatternFault('backreferences are not supported (they cannot be matched in linear time)', offset);
    }
    if (reader.accept('P<') || reader.accept('<')) return this.#parseGroupName(offset);
    return this.#parseFlags(offset);
  }

  #parseGroupName(offset: number): false {
    const name = this.#reader.acceptUntil('>');
    if (name === undefined || !isWord(name)) throw new PatternFault('invalid group name (write (?P<name>…))', offset);
    return false;
  }

  /** `i`, `s`, `U` and their removal after `-`, up to `)` or `:`. */
  #parseFlags(offset: number): boolean {
    const reader = this.#reader;
    let value = true;
    for (;;) {
      const flag = reader.take();
      if (flag === ')') return true;
      if (flag === ':') return false;
      if (flag === '-' && value) value = false;
      else if (flag === 'i') this.#ignoresCase = value;
      else if (flag === 's') this.#dotMatchesNewline = value;
      // U swaps greedy and lazy, which changes no match.
      else if (flag !== 'U') throw new PatternFault(flagRefusal(flag), offset);
    }
  }

  #fold(ranges: CodeRanges): CodeRanges {
    return this.#ignoresCase ? foldCase(ranges) : ranges;
  }
}

function flagRefusal(flag: string): string {
  if (flag === '') return 'the group is never closed (add ), or write \\( for the character)';
  if (flag === 'm') return 'the flag m is not supported (^ and $ stand for the ends of the whole input)';
  return `unknown group or flag (?${flag} (the flags are i, s and U)`;
}

function checkCounts(min: number, max: number, offset: number): void {
  if (max < min) throw new PatternFault(`the repetition's minimum ${min} is above its maximum ${max}`, offset);
  if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT)) {
    throw new PatternFault(`a repetition count is above ${MAX_REPEAT}`, offset);
  }
}

function checkSize(node: SyntaxNode, offset: number): void {
  if (node.size <= MAX_PROGRAM_SIZE) return;
  throw new PatternFault(
    `the pattern expands to more than ${MAX_PROGRAM_SIZE} steps (shorten it, or lower its repetition counts)`,
    offset,
  );
}

function isWord(name: string): boolean {
  return (
    name !== '' &&
    !Array.from(name).some((c) => c !== '_' && !(c >= '0' && c <= '9') && c.toLowerCase() === c.toUpperCase())
  );
}
