import { createHash } from 'node:crypto';

/*
 * A file that a process writes for itself, as text:
 *
 *   selvage-identity 1 <SHA-256 of all that follows, hexadecimal>
 *   {"…": …}
 *
 * The digest finds a file that was cut short, mixed from two or edited by hand. Who can write the file can write the
 * digest, so against that stand the file's permissions alone.
 */

/** @param kind one word; with `version` what tells readers whether they understand the body */
export function writeCheckedDocument(kind: string, version: number, body: unknown): string {
  const text = `${JSON.stringify(body, undefined, 2)}\n`;
  return `${kind} ${version} ${digestOf(text)}\n${text}`;
}

/** @returns the body, whose form is still unknown, or what is wrong, which quotes nothing of the file */
export function readCheckedDocument(
  text: string,
  kind: string,
  version: number,
): { readonly body: unknown } | { readonly fault: string } {
  const [, foundKind, foundVersion, digest, body] = /^([a-z-]+) (\d{1,9}) ([0-9a-f]{64})\n([^]*)$/.exec(text) ?? [];
  if (body === undefined || foundKind !== kind) return { fault: `it does not begin as a ${kind} file does` };
  if (Number(foundVersion) !== version)
    return { fault: `it has format version ${foundVersion}, and this program reads version ${version}` };
  if (digestOf(body) !== digest) return { fault: 'its content does not match its checksum' };
  try {
    return { body: JSON.parse(body) as unknown };
  } catch {
    return { fault: 'its content is no JSON' };
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
