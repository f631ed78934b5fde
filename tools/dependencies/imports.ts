import { tokenize, type Token } from './tokens.ts';

/** One module that a source text names. */
export type Import = {
  readonly specifier: string;
  /** Of the specifier, counted from 1. */
  readonly line: number;
  /** Whether type stripping removes it, so that nothing is loaded at run time. */
  readonly isTypeOnly: boolean;
};

/**
 * Finds every module that a TypeScript source imports: static, `export … from`, dynamic with a literal, and what
 * `import.meta.resolve` or `new URL(…, import.meta.url)` name (that is how workers are started).
 *
 * `import { type A }` counts as a run-time import: Node keeps the statement and loads the module for it.
 */
export function findImports(source: string): Import[] {
  const tokens = tokenize(source);
  const found: Import[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const one = importAt(tokens, at);
    if (one !== undefined) found.push(one);
  }
  return found;
}

function importAt(tokens: readonly Token[], at: number): Import | undefined {
  const token = tokens[at] as Token;
  if (token.kind !== 'word' || isMember(tokens, at)) return undefined;
  if (token.text === 'import') return importStatementAt(tokens, at);
  if (token.text === 'export') return exportStatementAt(tokens, at);
  if (token.text === 'new' && startsWith(tokens, at + 1, ['URL', '('])) return urlAt(tokens, at + 3);
  return undefined;
}

function importStatementAt(tokens: readonly Token[], at: number): Import | undefined {
  if (startsWith(tokens, at + 1, ['('])) return named(tokens[at + 2], false);
  if (startsWith(tokens, at + 1, ['.', 'meta', '.', 'resolve', '('])) return named(tokens[at + 6], false);
  if (tokens[at + 1]?.kind === 'string') return named(tokens[at + 1], false);
  return named(sourceOfClause(tokens, at + 1), isTypeClause(tokens, at + 1));
}

function exportStatementAt(tokens: readonly Token[], at: number): Import | undefined {
  const first = isTypeClause(tokens, at + 1) ? at + 2 : at + 1;
  if (tokens[first]?.text !== '{' && tokens[first]?.text !== '*') return undefined;
  return named(sourceOfClause(tokens, first), first === at + 2);
}

/** A URL beside the module is an import where it names a source file; else it is a file that is read. */
function urlAt(tokens: readonly Token[], at: number): Import | undefined {
  const isBesideModule = startsWith(tokens, at + 1, [',', 'import', '.', 'meta', '.', 'url']);
  return isBesideModule && /\.tsx?$/.test(tokens[at]?.text ?? '') ? named(tokens[at], false) : undefined;
}

/** The string after `from`, if the clause that starts here has one; a clause holds only names, braces, commas and `*`. */
function sourceOfClause(tokens: readonly Token[], start: number): Token | undefined {
  for (let at = start; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    if (token.text === 'from' && token.kind === 'word' && tokens[at + 1]?.kind === 'string') return tokens[at + 1];
    if (token.kind === 'punctuator' && !'{},*'.includes(token.text)) return undefined;
  }
  return undefined;
}

/** Tells `import type X from` and `import type { X } from` from `import type from`, where `type` is the name imported. */
function isTypeClause(tokens: readonly Token[], at: number): boolean {
  if (tokens[at]?.text !== 'type') return false;
  const next = tokens[at + 1];
  if (next?.text === 'from') return tokens[at + 2]?.text === 'from';
  return next !== undefined && (next.kind === 'word' || next.text === '{' || next.text === '*');
}

/** A property or a method may be called `import`, `export` or `new`. */
function isMember(tokens: readonly Token[], at: number): boolean {
  const previous = tokens[at - 1];
  const next = tokens[at + 1];
  return previous?.text === '.' || (next?.kind === 'punctuator' && next.text === ':');
}

function startsWith(tokens: readonly Token[], at: number, texts: readonly string[]): boolean {
  return texts.every((text, offset) => tokens[at + offset]?.text === text && tokens[at + offset]?.kind !== 'string');
}

function named(token: Token | undefined, isTypeOnly: boolean): Import | undefined {
  return token?.kind === 'string' ? { specifier: token.text, line: token.line, isTypeOnly } : undefined;
}
