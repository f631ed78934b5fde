import { LineCounter, type ParsedNode, parseDocument } from 'yaml';
import type { Path } from '../field-path.ts';
import type { DocumentText } from './document-splitter.ts';
import { readNodes } from './node-reader.ts';
import { positionOf } from './node-position.ts';
import { describeSyntaxError, unreadableCharacter } from './syntax-problem.ts';

/** A place in a file, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a document before anybody asks what it means. */
export interface TextProblem {
  readonly severity: 'error' | 'warning';
  readonly position: Position;
  /** What cannot be relied on; empty for the whole document. */
  readonly path: Path;
  readonly message: string;
}

/** A document as plain values, with the way back to the text. */
export interface ReadDocument {
  /** Undefined where the text could not be read, and for a document that is empty. */
  readonly value: unknown;
  readonly problems: readonly TextProblem[];
  /** Finds a field, or the nearest ancestor that is written. */
  locate(path: Path): Position;
}

/** A broken document makes the parser stumble on and on; more than these say nothing new. */
const maxSyntaxErrors = 5;

/**
 * Reads one YAML or JSON document. Never throws, and never quotes the text in a message: it may hold secrets.
 */
export function readDocument(source: DocumentText): ReadDocument {
  const counter = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = counter.linePos(Math.min(offset, source.text.length));
    return { line: Math.max(1, line) + source.linesBefore, column: Math.max(1, col) };
  };
  const strange = unreadableCharacter(source.text);
  if (strange !== undefined) return unread([problemAt(linePosition(source, strange.offset), strange.message)]);
  try {
    return compose(source.text, counter, at);
  } catch {
    // Only deep nesting gets here: the parser's recursion runs out of stack.
    return unread([problemAt(linePosition(source, 0), 'cannot be read as YAML: nested too deeply')]);
  }
}

function compose(text: string, counter: LineCounter, at: (offset: number) => Position): ReadDocument {
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false, // Pretty errors quote the source.
    uniqueKeys: false, // Checked while reading, in linear time.
    merge: true,
    logLevel: 'silent',
  });
  const [errors, warnings] = [document.errors, document.warnings].map((found) =>
    found.slice(0, maxSyntaxErrors).map((error) => problemAt(at(error.pos[0]), describeSyntaxError(error))),
  ) as [TextProblem[], TextProblem[]];
  if (errors.length > 0) return unread(errors);
  const root: ParsedNode | null = document.contents;
  if (root === null) return unread([]);
  const { value, problems, targets } = readNodes(root);
  return {
    value: value ?? undefined,
    problems: [
      ...warnings.map((warning): TextProblem => ({ ...warning, severity: 'warning' })),
      ...problems.map(({ offset, path, message }) => problemAt(at(offset), message, path)),
    ],
    locate: (path) => at(positionOf(root, path, targets)),
  };
}

function problemAt(position: Position, message: string, path: Path = []): TextProblem {
  return { severity: 'error', position, path, message };
}

function unread(problems: readonly TextProblem[]): ReadDocument {
  const position = problems[0]?.position ?? { line: 1, column: 1 };
  return { value: undefined, problems, locate: () => position };
}

/** Positions without the parser's help, for text that it never saw. */
function linePosition({ text, linesBefore }: DocumentText, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: linesBefore + before.split('\n').length, column: offset - lineStart + 1 };
}
