import assert from 'node:assert/strict';
import { parseDocuments } from '../documents.ts';
import { type Diagnostic, formatDiagnostic } from '../diagnostic.ts';
import type { Resource, ResourceOf } from '../resource.ts';

/** Declares an object, as a document of its own, and tells the errors as `field.path: message; expected …`. */
export function errorsIn(declared: object): string[] {
  const { resources, diagnostics } = parseDocuments('test.yaml', JSON.stringify(declared));
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  assert.equal(
    resources.length,
    errors.length === 0 ? 1 : 0,
    'a resource is there exactly when nothing is wrong with it',
  );
  return errors.map(lineOf);
}

/** Declares an object without errors and tells the warnings, in the same form. */
export function warningsIn(declared: object): string[] {
  assert.deepEqual(errorsIn(declared), []);
  return parseDocuments('test.yaml', JSON.stringify(declared)).diagnostics.map(lineOf);
}

function lineOf({ fieldPath, message, expected }: Diagnostic): string {
  return `${fieldPath}: ${message}${expected === undefined ? '' : `; expected ${expected}`}`;
}

/** Asserts that the object has exactly one error, at this field, with this in its message. */
export function assertOneError(declared: object, fieldPath: string, message: RegExp): void {
  const errors = errorsIn(declared);
  assert.equal(errors.length, 1, `one error expected, got:\n${errors.join('\n')}`);
  assert.ok(errors[0]!.startsWith(`${fieldPath}: `), `at ${fieldPath} expected: ${errors[0]}`);
  assert.match(errors[0]!, message);
}

/** Declares an object without errors and gives its resource. */
export function accepted<K extends Resource['kind']>(kind: K, declared: object): ResourceOf<K> {
  const { resources, diagnostics } = parseDocuments('test.yaml', JSON.stringify(declared));
  assert.deepEqual(diagnostics.filter(({ severity }) => severity === 'error').map(formatDiagnostic), []);
  assert.equal(resources[0]?.resource.kind, kind);
  return resources[0].resource as ResourceOf<K>;
}
