/** One token of a source text, as far as finding its imports needs it. */
export type Token = {
  /** `word` is an identifier or a keyword; templates, numbers and regular expressions are `other`. */
  readonly kind: 'word' | 'string' | 'punctuator' | 'other';
  /** The word or punctuator itself, or a string's contents with its escapes as they are written. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
};

/** After one of these words an operand follows, so that a slash opens a regular expression and does not divide. */
const WORDS_BEFORE_OPERAND = new Set(
  'return typeof instanceof in of new delete void throw case do else yield await extends default'.split(' '),
);

const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\d[\w.]*|\.\d[\w]*/y;
const LINE_COMMENT = /\/\/[^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?(?:\*\/|$)/y;
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'?|"(?:[^"\\\n]|\\[\s\S])*"?/y;
const REGULAR_EXPRESSION = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
const TEMPLATE_PART = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;

/**
 * Splits TypeScript into tokens without comments and white space.
 *
 * It knows no grammar: whether a slash divides is decided by the token before it. That is wrong only where a
 * regular expression follows the closing parenthesis of `if (…)` or a block's brace, and then costs at most the rest of
 * the line.
 */
export function tokenize(source: string): Token[] {
  return new Tokenizer(source).all();
}

class Tokenizer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  /** How many braces are open in each template substitution that is open, the innermost last. */
  readonly #openBraces: number[] = [];
  #at = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
  }

  all(): Token[] {
    if (this.#source.startsWith('#!')) this.#take(/[^\n]*/y);
    while (this.#at < this.#source.length) this.#next();
    return this.#tokens;
  }

  #next(): void {
    if (this.#take(/\s+/y) !== undefined || this.#take(LINE_COMMENT) !== undefined) return;
    if (this.#take(BLOCK_COMMENT) !== undefined) return;
    const line = this.#line;
    const word = this.#take(WORD);
    if (word !== undefined) return this.#push('word', word, line);
    const text = this.#take(STRING);
    if (text !== undefined) return this.#push('string', text.slice(1, -1), line);
    if (this.#take(NUMBER) !== undefined) return this.#push('other', '', line);
    if (this.#mayStartOperand() && this.#take(REGULAR_EXPRESSION) !== undefined) return this.#push('other', '', line);
    this.#punctuator(line);
  }

  #punctuator(line: number): void {
    const character = this.#source[this.#at] as string;
    this.#at += 1;
    const innermost = this.#openBraces.length - 1;
    if (character === '`') return this.#template(line);
    if (innermost >= 0 && character === '{') this.#openBraces[innermost]! += 1;
    if (innermost >= 0 && character === '}') {
      if (this.#openBraces[innermost] === 0) {
        this.#openBraces.pop();
        return this.#template(line);
      }
      this.#openBraces[innermost]! -= 1;
    }
    this.#push('punctuator', character, line);
  }

  /** Reads on in a template up to its end or to its next substitution; a template without one is a string. */
  #template(line: number): void {
    const starts = this.#source[this.#at - 1] === '`';
    const text = this.#take(TEMPLATE_PART) ?? '';
    if (this.#source[this.#at] === '`') {
      this.#at += 1;
      this.#push(starts ? 'string' : 'other', text, line);
    } else if (this.#source.startsWith('${', this.#at)) {
      this.#at += 2;
      this.#openBraces.push(0);
      this.#push('punctuator', '${', line);
    }
  }

  #mayStartOperand(): boolean {
    const previous = this.#tokens.at(-1);
    if (previous === undefined) return true;
    if (previous.kind === 'word') return WORDS_BEFORE_OPERAND.has(previous.text);
    return previous.kind === 'punctuator' && !')]}'.includes(previous.text);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0];
    if (text === undefined || text === '') return undefined;
    this.#at += text.length;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#line += 1;
    return text;
  }

  #push(kind: Token['kind'], text: string, line: number): void {
    this.#tokens.push({ kind, text, line });
  }
}
