import type { Diagnostic, SourceLocation } from '#model/diagnostic.ts';
import { resourceKey, resourceTitle, type Resource } from '#model/resource.ts';
import type { LoadedResource } from '#model/documents.ts';
import { securityKinds } from './security-kinds.ts';
import type { BrokenObject } from './status.ts';

/** An object in its last good form. */
export interface KnownObject {
  readonly resource: Resource;
  readonly location: SourceLocation;
}

export interface LastGood {
  /** Served although their documents are not valid now. */
  readonly kept: readonly KnownObject[];
  readonly notices: readonly Diagnostic[];
  /** What is not as its document says, for the statuses. */
  readonly broken: readonly BrokenObject[];
}

/**
 * Decides which objects stay although no valid document declares them.
 *
 * @param known what was served until now
 * @param valid what documents declare now
 * @param complaints all that is wrong with the documents
 * @param unreadable those among them that are about files or folders that could not be read
 */
export function keepLastGood(
  known: ReadonlyMap<string, KnownObject>,
  valid: readonly LoadedResource[],
  complaints: readonly Diagnostic[],
  unreadable: readonly Diagnostic[],
): LastGood {
  const declared = new Set(valid.map(({ resource }) => resourceKey(resource)));
  const errors = complaints.filter(({ severity }) => severity === 'error');
  const byTitle = new Map(
    errors.toReversed().flatMap((error) => (namesObject(error) ? [[error.resource, error] as const] : [])),
  );
  const unclear = unclearPlaces(errors, unreadable);
  const kept: KnownObject[] = [];
  const notices: Diagnostic[] = [];
  const broken: BrokenObject[] = [];
  const keptByPlace = new Map<Diagnostic, number>();
  for (const [key, object] of known) {
    if (declared.has(key)) continue;
    const own = byTitle.get(resourceTitle(object.resource));
    byTitle.delete(resourceTitle(object.resource));
    const place = own ?? unclear(object.location.file);
    // Nothing says that it is still declared: it was deleted.
    if (place === undefined) continue;
    if (own !== undefined && securityKinds[object.resource.kind]?.lastGood === 'withdrawn') {
      notices.push(notice(own, 'grants nothing until it is valid'));
      broken.push(brokenObject(object.resource, 'Accepted', own.message));
      continue;
    }
    kept.push(object);
    broken.push(brokenObject(object.resource, 'Current', `${keepsServing(object)}: ${place.message}`));
    if (own !== undefined) notices.push(notice(own, keepsServing(object)));
    else keptByPlace.set(place, (keptByPlace.get(place) ?? 0) + 1);
  }
  for (const [place, count] of keptByPlace) notices.push(notice(place, keepsObjects(count)));
  for (const [title, error] of byTitle) {
    const object = objectOf(title);
    // A valid document elsewhere declares the same object: that one is served and speaks for it.
    if (!declared.has(resourceKey(object))) broken.push(brokenObject(object, 'Accepted', error.message));
  }
  return { kept, notices, broken };
}

/**
 * Tells which files may still declare an object without saying so: the ones that could not be read, and the ones with
 * an error that hides what it is in.
 */
function unclearPlaces(
  errors: readonly Diagnostic[],
  unreadable: readonly Diagnostic[],
): (file: string) => Diagnostic | undefined {
  const byFile = new Map(
    errors.toReversed().flatMap((error) => (namesObject(error) ? [] : [[error.location.file, error] as const])),
  );
  const folders = unreadable.map((error) => ({ prefix: prefixOf(error.location.file), error }));
  return (file) => byFile.get(file) ?? folders.find(({ prefix }) => file.startsWith(prefix))?.error;
}

/** How the names of all files below a folder begin; those below `.` are written without it. */
function prefixOf(folder: string): string {
  return folder === '.' ? '' : `${folder.replace(/\/$/, '')}/`;
}

/** A kind alone names no object. */
function namesObject(error: Diagnostic): error is Diagnostic & { readonly resource: string } {
  return error.resource?.includes(' ') === true;
}

function keepsServing({ location: { file, line, column } }: KnownObject): string {
  return `keeps serving its version from ${file}:${line}:${column}`;
}

function keepsObjects(count: number): string {
  return `keeps serving the last version of ${count === 1 ? 'the object' : `the ${count} objects`} that cannot be read`;
}

function notice({ location, resource }: Diagnostic, message: string): Diagnostic {
  return { severity: 'warning', location, ...(resource !== undefined && { resource }), fieldPath: '', message };
}

interface Named {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string; readonly generation?: number };
}

function brokenObject({ kind, metadata }: Named, type: BrokenObject['type'], message: string): BrokenObject {
  return { kind, namespace: metadata.namespace, name: metadata.name, type, message };
}

/** Reads a title as `resourceTitle` writes it. */
function objectOf(title: string): Named {
  const [kind = '', rest = ''] = title.split(' ', 2);
  const slash = rest.indexOf('/');
  return { kind, metadata: { namespace: slash === -1 ? '' : rest.slice(0, slash), name: rest.slice(slash + 1) } };
}
