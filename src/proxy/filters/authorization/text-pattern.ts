/** What a value must be: itself, or with `*` in front or behind, its end or its beginning. */
export class TextPattern {
  readonly #kind: 'any' | 'exact' | 'prefix' | 'suffix';
  readonly #text: string;

  /** @param declared as in `spiffe://example.org/ns/shop/*`, `*.example.org` or `*` */
  constructor(declared: string) {
    this.#kind = kindOf(declared);
    this.#text =
      this.#kind === 'prefix' ? declared.slice(0, -1) : this.#kind === 'suffix' ? declared.slice(1) : declared;
  }

  matches(value: string): boolean {
    switch (this.#kind) {
      case 'exact':
        return value === this.#text;
      case 'prefix':
        return value.startsWith(this.#text);
      case 'suffix':
        return value.endsWith(this.#text);
      case 'any':
        return value !== '';
    }
  }
}

function kindOf(declared: string): 'any' | 'exact' | 'prefix' | 'suffix' {
  if (declared === '*') return 'any';
  if (declared.endsWith('*')) return 'prefix';
  return declared.startsWith('*') ? 'suffix' : 'exact';
}

/** Whether one of the patterns fits. */
export function fitsAny(patterns: readonly { matches(value: string): boolean }[], value: string): boolean {
  for (const pattern of patterns) if (pattern.matches(value)) return true;
  return false;
}
