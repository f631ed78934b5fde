import type { Diagnostic, SourceLocation } from './diagnostic.ts';
import { formatFieldPath, type Path } from './field-path.ts';
import { type ListedObject, unpackLists } from './list.ts';
import { rejectedResource, type RejectedResource } from './rejected-resource.ts';
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
  /** What is left out, as far as it says what it was meant to be. */
  readonly rejected: readonly RejectedResource[];
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
    const diagnostics: Diagnostic[] = [{ severity: 'error', location, fieldPath: '', message, expected }];
    return { resources: [], rejected: [], diagnostics };
  }
  const parts = splitDocuments(text.replace(/^\ufeff/, '')).map((part) => parseDocument(file, readDocument(part)));
  return {
    resources: parts.flatMap(({ resources }) => resources),
    rejected: parts.flatMap(({ rejected }) => rejected),
    diagnostics: parts.flatMap(({ diagnostics }) => diagnostics),
  };
}

function parseDocument(file: string, document: ReadDocument): ParsedDocuments {
  const at = ({ line, column }: Position): SourceLocation => ({ file, line, column });
  if (document.value === undefined) {
    return {
      resources: [],
      rejected: [],
      diagnostics: document.problems.map((problem) => diagnosticOf(problem, at(problem.position))),
    };
  }
  const objects = [...unpackLists(document.value)];
  const parts = objects.map((object) => parseObject(object, document, at));
  // What is wrong outside of every object, as in the fields of the list around them.
  const outside = document.problems.filter(({ path }) => !objects.some((object) => isWithin(path, object.path)));
  const diagnostics = [
    ...outside.map((problem) => diagnosticOf(problem, at(problem.position))),
    ...parts.flatMap((part) => part.diagnostics),
  ];
  return {
    resources: parts.flatMap(({ resources }) => resources),
    rejected: parts.flatMap(({ rejected }) => rejected),
    diagnostics: diagnostics.toSorted(byPlace),
  };
}

function parseObject(
  { value, path }: ListedObject,
  document: ReadDocument,
  at: (position: Position) => SourceLocation,
): ParsedDocuments {
  const locate = (within: Path): SourceLocation => at(document.locate([...path, ...within]));
  const { resource, title, confidential, errors, warnings } = readResource(value);
  const describe = (finding: Graded, location: SourceLocation): Diagnostic =>
    diagnosticOf(title === undefined ? { ...finding, path: [...path, ...finding.path] } : finding, location, title);
  const inText = document.problems.filter((problem) => isWithin(problem.path, path));
  const inFields = [
    ...capped(errors).map((finding): Graded => ({ ...finding, severity: 'error' })),
    ...capped(warnings).map((finding): Graded => ({ ...finding, severity: 'warning' })),
  ];
  const diagnostics = [
    ...inText.map((problem) => {
      // A mistake in a Secret's text may have made field names of what it holds.
      const shown = confidential ? [] : problem.path.slice(path.length);
      return describe({ ...problem, path: shown }, at(problem.position));
    }),
    ...inFields.map((finding) => describe(finding, locate(finding.path))),
  ];
  const isWhole = isReliable(document, path);
  if (resource !== undefined && isWhole)
    return { resources: [{ resource, location: locate([]), locate }], rejected: [], diagnostics };
  const message = summaryOf(diagnostics);
  const rejected = rejectedResource(value, { message, isWhole, locate });
  return { resources: [], rejected: rejected === undefined ? [] : [rejected], diagnostics };
}

function summaryOf(diagnostics: readonly Diagnostic[]): string {
  const first = diagnostics.find(({ severity }) => severity === 'error');
  if (first === undefined) return 'the text around it is not valid';
  return first.fieldPath === '' ? first.message : `${first.fieldPath}: ${first.message}`;
}

/** A field that is given twice leaves open which one was meant: the object is checked, but not kept. */
function isReliable({ problems }: ReadDocument, object: Path): boolean {
  return problems.every(
    ({ severity, path }) => severity === 'warning' || !(isWithin(path, object) || isWithin(object, path)),
  );
}

type Graded = Finding & { readonly severity: Diagnostic['severity'] };

function diagnosticOf(
  { severity, path, message, expected }: Graded,
  location: SourceLocation,
  resource?: string,
): Diagnostic {
  return {
    severity,
    location,
    ...(resource !== undefined && { resource }),
    fieldPath: formatFieldPath(path),
    message,
    ...(expected !== undefined && { expected }),
  };
}

/** Per resource. A file that has more is not what its author thinks it is. */
const maxFindings = 200;

function capped(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length <= maxFindings) return findings;
  const message = `${findings.length - maxFindings} more problems are not shown`;
  return [...findings.slice(0, maxFindings), { path: [], message }];
}

function isWithin(path: Path, ancestor: Path): boolean {
  return ancestor.every((step, i) => path[i] === step);
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return a.location.line - b.location.line || a.location.column - b.location.column;
}
