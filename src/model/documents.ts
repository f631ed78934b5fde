import type { Diagnostic, SourceLocation } from './diagnostic.ts';
import { formatFieldPath, type Path } from './field-path.ts';
import { unpackLists } from './list.ts';
import type { Resource } from './resource.ts';
import { readResource } from './resource-reader.ts';
import type { Finding } from './schema/finding.ts';
import { type Position, readDocument, type ReadDocument } from './yaml/document-reader.ts';
import { splitDocuments } from './yaml/document-splitter.ts';

/** A resource and where it was declared. */
export interface LoadedResource {
  readonly resource: Resource;
  readonly location: SourceLocation;
  /**
   * Finds where a field is written, for what is found wrong later.
   *
   * @param path from the resource's root, as in `['spec', 'rules', 0, 'name']`
   * @returns the place of the field's name, or of its nearest ancestor that is written
   */
  locate(path: Path): SourceLocation;
}

/** What a file declares, and everything that is wrong with it. */
export interface ParsedDocuments {
  readonly resources: readonly LoadedResource[];
  readonly diagnostics: readonly Diagnostic[];
}

/** In UTF-16 code units. Far above what people write; below what would stop the process for seconds. */
const maxFileLength = 16 * 1024 * 1024;

/**
 * Reads resources out of YAML or JSON text with any number of documents; lists are unpacked.
 *
 * Never throws, and tells every error at once. A resource with an error is left out and hides no other.
 *
 * @param file how diagnostics name the text; nothing is read from there
 */
export function parseDocuments(file: string, text: string): ParsedDocuments {
  if (text.length > maxFileLength) {
    const location = { file, line: 1, column: 1 };
    const message = `file is too large: ${text.length} characters`;
    const expected = `at most ${maxFileLength} (split it)`;
    return { resources: [], diagnostics: [{ severity: 'error', location, fieldPath: '', message, expected }] };
  }
  const parts = splitDocuments(text.replace(/^\ufeff/, '')).map((part) => parseDocument(file, readDocument(part)));
  return {
    resources: parts.flatMap(({ resources }) => resources),
    diagnostics: parts.flatMap(({ diagnostics }) => diagnostics),
  };
}

/** Per resource. A file that has more is not what its author thinks it is. */
const maxFindings = 200;

function parseDocument(file: string, document: ReadDocument): ParsedDocuments {
  const at = (position: Position): SourceLocation => ({ file, line: position.line, column: position.column });
  const resources: LoadedResource[] = [];
  const diagnostics: Diagnostic[] = document.problems.map(({ severity, position, message }) => ({
    severity,
    location: at(position),
    fieldPath: '',
    message,
  }));
  // A field that is given twice leaves open which one was meant: the rest is still checked, but nothing is kept.
  const usable = document.problems.every(({ severity }) => severity !== 'error');
  if (document.value === undefined) return { resources, diagnostics };
  for (const { value, path } of unpackLists(document.value)) {
    const locate = (within: Path): SourceLocation => at(document.locate([...path, ...within]));
    const { resource, title, errors, warnings } = readResource(value);
    for (const [severity, findings] of [
      ['error', errors],
      ['warning', warnings],
    ] as const) {
      for (const { path: within, message, expected } of capped(findings)) {
        diagnostics.push({
          severity,
          location: locate(within),
          ...(title !== undefined && { resource: title }),
          fieldPath: formatFieldPath(title === undefined ? [...path, ...within] : within),
          message,
          ...(expected !== undefined && { expected }),
        });
      }
    }
    if (resource !== undefined && usable) resources.push({ resource, location: locate([]), locate });
  }
  return { resources, diagnostics: diagnostics.toSorted(byPlace) };
}

function capped(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length <= maxFindings) return findings;
  const hidden = findings.length - maxFindings;
  return [...findings.slice(0, maxFindings), { path: [], message: `${hidden} more problems are not shown` }];
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return a.location.line - b.location.line || a.location.column - b.location.column;
}
