import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import type { Diagnostic } from '#model/diagnostic.ts';
import { listSources, reasonOf, type ListedFile } from './listing.ts';
import type { SourceFile } from './source-file.ts';

/** Larger files are refused: no set of documents written by people comes near it. */
export const maxFileBytes = 16 * 1024 * 1024;

/** What a folder holds now. */
export interface DirectoryContent {
  readonly files: readonly SourceFile[];
  /** One for each file or folder that is there but cannot be read; what it held before still counts. */
  readonly unreadable: readonly Diagnostic[];
}

/**
 * Reads all documents of a folder, at any depth: `*.yaml`, `*.yml` and `*.json`, sorted by name, hidden ones skipped.
 *
 * A folder that is absent is unreadable, not empty: a deployment that deletes and recreates it must not stop the
 * traffic in between. To serve nothing, empty the folder.
 *
 * @param folder a folder, or one file of any name
 */
export function readDirectory(folder: string): DirectoryContent {
  const { files: listed, problems } = listSources(folder);
  const files: SourceFile[] = [];
  const unreadable = problems.map(({ file, message }) => unreadableFile(file, message));
  for (const entry of listed) {
    const content = readSource(entry);
    if ('text' in content) files.push(content);
    else unreadable.push(content);
  }
  return { files, unreadable };
}

function readSource({ file, sizeBytes }: ListedFile): SourceFile | Diagnostic {
  if (sizeBytes > maxFileBytes) return tooLarge(file);
  try {
    const bytes = readFileSync(file);
    // It may have grown since it was listed.
    if (bytes.length > maxFileBytes) return tooLarge(file);
    if (!isUtf8(bytes)) return unreadableFile(file, `cannot read ${file}: not UTF-8`, 'UTF-8 text');
    return { file, text: bytes.toString('utf8') };
  } catch (error) {
    return unreadableFile(file, `cannot read ${file}: ${reasonOf(error)}`);
  }
}

function tooLarge(file: string): Diagnostic {
  return unreadableFile(file, `cannot read ${file}: larger than 16 MiB`, 'documents split over several files');
}

function unreadableFile(file: string, message: string, expected?: string): Diagnostic {
  const location = { file, line: 1, column: 1 };
  return { severity: 'error', location, fieldPath: '', message, ...(expected === undefined ? {} : { expected }) };
}
