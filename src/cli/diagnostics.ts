import { formatDiagnostic, type Diagnostic } from '#model/diagnostic.ts';
import type { Paint } from './terminal.ts';

/** Sorts by file, line and column, so that a list reads as the files do. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(({ location: a }, { location: b }) => {
    if (a.file !== b.file) return a.file < b.file ? -1 : 1;
    return a.line - b.line || a.column - b.column;
  });
}

/** One line for a diagnostic, its place first, as editors and terminals link it. */
export function paintDiagnostic(diagnostic: Diagnostic, paint: Paint): string {
  const { file, line, column } = diagnostic.location;
  const place = `${file}:${line}:${column}`;
  const text = formatDiagnostic(diagnostic).slice(place.length + 2);
  const isError = diagnostic.severity === 'error';
  const severity = isError ? paint('bad', 'error') : paint('doubtful', 'warning');
  return `${paint('place', place)}: ${severity}: ${isError ? text : text.replace(/^warning: /, '')}`;
}

/** @returns for example `2 errors and 1 warning`; undefined where there are none */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): string | undefined {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const parts = [
    ...(errors > 0 ? [count(errors, 'error')] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(' and ');
}

/** @returns for example `1 route` or `2 routes` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
