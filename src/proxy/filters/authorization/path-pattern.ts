import { normalizePath } from '#http/path.ts';
import { foldDeclaredPath } from './folded-path.ts';
import { isPathTemplate, PathTemplate } from './path-template.ts';
import { TextPattern } from './text-pattern.ts';

interface Pattern {
  matches(path: string): boolean;
}

/** What a path must be: `/a`, `/a/*`, `*.json`, or a template as in `/users/{*}`. */
export class PathPattern {
  readonly #exact: Pattern;
  readonly #folded: Pattern;
  /** With a slash behind it, which many servers ignore; the pattern itself where that means nothing. */
  readonly #foldedFolder: Pattern;

  constructor(declared: string) {
    const spelled = normalForm(declared);
    const folded = foldDeclaredPath(spelled);
    this.#exact = compile(spelled);
    this.#folded = compile(folded);
    this.#foldedFolder = folded.includes('*') || folded.endsWith('/') ? this.#folded : compile(`${folded}/`);
  }

  /** @param path in normal form */
  matches(path: string): boolean {
    return this.#exact.matches(path);
  }

  /** Whether a server may take the path for one that matches. @param folded by `foldPath` */
  resembles(path: string, folded: string): boolean {
    if (this.#folded.matches(folded)) return true;
    // A path that folds to itself, as nearly all do, has nothing that a folded pattern lacks.
    if (path !== folded && this.#exact.matches(path)) return true;
    return this.#foldedFolder !== this.#folded && this.#foldedFolder.matches(folded);
  }
}

function compile(declared: string): Pattern {
  return isPathTemplate(declared) ? new PathTemplate(declared) : new TextPattern(declared);
}

/** Paths of requests are in normal form, so that what is declared must be spelled in the same way. */
function normalForm(declared: string): string {
  if (!declared.startsWith('/') || isPathTemplate(declared)) return declared;
  const isPrefix = declared.endsWith('*');
  const literal = isPrefix ? declared.slice(0, -1) : declared;
  const normal = normalizePath(literal);
  return normal === null ? declared : isPrefix ? `${normal}*` : normal;
}
