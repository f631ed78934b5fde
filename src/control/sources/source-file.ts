/** A file of documents, read whole. */
export interface SourceFile {
  /** As the caller named it: the folder as given, then the path below it. Diagnostics use this name. */
  readonly file: string;
  readonly text: string;
}

/** Whether a file is read at all when found in a folder. Hidden names and editors' swap files are not. */
export function isSourceFileName(name: string): boolean {
  return !isHiddenName(name) && /\.(yaml|yml|json)$/.test(name);
}

/** A name that starts with a dot: versions of a mounted ConfigMap (`..data`), swap files, version control. */
export function isHiddenName(name: string): boolean {
  return name.startsWith('.');
}
