/** What `fs.lstat` says about a path, as far as it matters here. */
export interface PathStat {
  readonly mode: number;
  readonly uid: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

const PERMISSIONS = 0o777;
const OTHERS = 0o077;

/**
 * Judges a file that holds a secret: it must be a regular file of this process's user that nobody else can read.
 *
 * @param stat of the path itself; a symbolic link is refused, as whoever made it chose the file
 * @param uid of this process
 * @returns what is wrong and what to do
 */
export function findPrivateFileProblem(path: string, stat: PathStat, uid: number): string | undefined {
  if (!stat.isFile()) return `cannot use ${path}: not a regular file (put the file itself there)`;
  return findAccessProblem(path, stat, uid, 'chmod 600');
}

/** Judges a folder that holds secrets, like `findPrivateFileProblem`: who can write to it can exchange them. */
export function findPrivateFolderProblem(path: string, stat: PathStat, uid: number): string | undefined {
  if (!stat.isDirectory()) return `cannot use ${path}: not a folder (name another one)`;
  return findAccessProblem(path, stat, uid, 'chmod 700');
}

function findAccessProblem(
  path: string,
  { mode, uid: owner }: PathStat,
  uid: number,
  remedy: string,
): string | undefined {
  if (owner !== uid)
    return `cannot use ${path}: it belongs to user ${owner}, and this process is user ${uid} (chown ${uid} ${path})`;
  if ((mode & OTHERS) === 0) return undefined;
  const octal = (mode & PERMISSIONS).toString(8).padStart(4, '0');
  return `cannot use ${path}: other users may access it (mode ${octal}; run ${remedy} ${path})`;
}
