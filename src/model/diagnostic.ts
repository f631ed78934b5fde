/** Where something was written: the file as the caller named it, line and column counted from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  /** In UTF-16 code units, as editors count. */
  readonly column: number;
}

/** One thing wrong (or doubtful) with what an operator declared. It never holds a value out of a `Secret`. */
export interface Diagnostic {
  /** An `error` leaves the resource out; a `warning` does not. */
  readonly severity: 'error' | 'warning';
  readonly location: SourceLocation;
  /** Kind and name, as in `HTTPRoute shop/web`; absent while the document says neither. */
  readonly resource?: string;
  /** As in `spec.rules[0].matches[1].path.value`; empty for the document as a whole. */
  readonly fieldPath: string;
  /** What is wrong: lower case, no final period. */
  readonly message: string;
  /** What would be right, worded to follow "expected". */
  readonly expected?: string;
}

/**
 * Writes a diagnostic as the one line that terminals and editors understand.
 *
 * @returns for example `routes.yaml:12:9: HTTPRoute shop/web: spec.hostname: unknown field; expected one of …`
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { severity, location, resource, fieldPath, message, expected } = diagnostic;
  const parts = [`${location.file}:${location.line}:${location.column}`];
  if (severity === 'warning') parts.push('warning');
  if (resource !== undefined) parts.push(resource);
  if (fieldPath !== '') parts.push(fieldPath);
  parts.push(expected === undefined ? message : `${message}; expected ${expected}`);
  return parts.join(': ').replace(unprintable, escapeCharacter);
}

/** What a name out of a hostile file could write to a terminal or into a log: escape sequences, further lines. */
const unprintable = /[\0-\x1f\x7f-\x9f\u2028\u2029]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
