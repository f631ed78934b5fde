import type { Diagnostic, SourceLocation } from '#model/diagnostic.ts';
import { formatFieldPath, type Path } from '#model/field-path.ts';
import { resourceTitle, type Identified } from '#model/resource.ts';

/**
 * A diagnostic that knows its field but not its line: what is compiled from an unchanged object stays true when a text
 * above it grows, and only the line moves.
 */
export interface Finding {
  readonly severity: Diagnostic['severity'];
  readonly path: Path;
  readonly message: string;
  readonly expected?: string;
}

/** Makes a finding that leaves out what it is about. */
export function error(path: Path, message: string, expected?: string): Finding {
  return { severity: 'error', path, message, ...(expected !== undefined && { expected }) };
}

/** Makes a finding that changes nothing. */
export function warning(path: Path, message: string, expected?: string): Finding {
  return { severity: 'warning', path, message, ...(expected !== undefined && { expected }) };
}

interface Place {
  readonly resource: Identified;
  locate(path: Path): SourceLocation;
}

/** Says where a finding about a loaded resource is. */
export function diagnosticOf(finding: Finding, at: Place): Diagnostic {
  return diagnosticAbout(finding, resourceTitle(at.resource), at.locate(finding.path));
}

/** The same of what is no resource. */
export function diagnosticAbout(
  { severity, path, message, expected }: Finding,
  title: string,
  location: SourceLocation,
): Diagnostic {
  return {
    severity,
    location,
    resource: title,
    fieldPath: formatFieldPath(path),
    message,
    ...(expected !== undefined && { expected }),
  };
}
