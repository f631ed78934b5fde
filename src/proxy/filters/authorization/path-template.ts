const SLASH = 0x2f;

/** A whole segment of any content, at least one character. */
const ONE = '{*}';
/** Any number of segments, also none. */
const REST = '{**}';

/** Whether a declared path is a template. */
export function isPathTemplate(declared: string): boolean {
  return declared.includes('{');
}

/** A path with open places: `/users/{*}/orders`, `/files/{**}`, `/{**}/report`. */
export class PathTemplate {
  /** What every path begins with that fits: it tells most others at once. */
  readonly #start: string;
  /** Segments before `{**}`, or all; null for an open one. */
  readonly #head: readonly (string | null)[];
  /** Segments behind `{**}`; null where there is none. */
  readonly #tail: readonly (string | null)[] | null;

  /** @param declared with at most one `{**}` */
  constructor(declared: string) {
    const segments = declared.slice(1).split('/');
    this.#start = startOf(declared);
    const rest = segments.indexOf(REST);
    this.#head = (rest === -1 ? segments : segments.slice(0, rest)).map(segmentOf);
    this.#tail = rest === -1 ? null : segments.slice(rest + 1).map(segmentOf);
  }

  matches(path: string): boolean {
    if (!path.startsWith(this.#start)) return false;
    let at = 0; // of the slash before the next segment
    for (const segment of this.#head) {
      if (path.charCodeAt(at) !== SLASH) return false;
      const next = path.indexOf('/', at + 1);
      const end = next === -1 ? path.length : next;
      if (!fits(segment, path, at + 1, end)) return false;
      at = end;
    }
    return this.#tail === null ? at === path.length : endsWith(this.#tail, path, at);
  }
}

/** Up to the slash before the first open segment, or without it where that one may be missing. */
function startOf(declared: string): string {
  const slash = declared.indexOf('/{');
  return declared.startsWith(REST, slash + 1) ? declared.slice(0, slash) : declared.slice(0, slash + 1);
}

/** Whether a path ends with these segments, all of them behind `from`. */
function endsWith(tail: readonly (string | null)[], path: string, from: number): boolean {
  let end = path.length;
  for (let i = tail.length - 1; i >= 0; i--) {
    if (end <= from) return false;
    const slash = path.lastIndexOf('/', end - 1);
    if (slash < from || !fits(tail[i]!, path, slash + 1, end)) return false;
    end = slash;
  }
  return true;
}

function segmentOf(declared: string): string | null {
  return declared === ONE ? null : declared;
}

function fits(segment: string | null, path: string, start: number, end: number): boolean {
  if (segment === null) return end > start;
  return end - start === segment.length && path.startsWith(segment, start);
}
