import process from 'node:process';
import { styleText } from 'node:util';

/** Longer than the shop takes to open: then something is wrong, and what its processes say may tell what. */
const PATIENCE_MS = 8_000;
/** What is said of a mistake in a document, at the start as later. */
const DIAGNOSTIC = /: (?:error|warning): /;

/** What the processes of the shop say: in the beginning only mistakes, since all greet at once. */
export class Voices {
  #held: string[] | null = [];
  readonly #timer = setTimeout(() => this.speak(), PATIENCE_MS);

  /** Tells it, or keeps it until that is wanted. */
  say(name: string, line: string): void {
    const text = `${name}: ${line}`;
    if (this.#held === null) tell(text);
    else this.#held.push(text);
  }

  /** The shop is open: of all that was kept, the mistakes are told. */
  opened(): void {
    this.#held = this.#held?.filter((line) => DIAGNOSTIC.test(line)) ?? null;
    this.speak();
  }

  /** Tells all that was kept, and from now on everything at once. */
  speak(): void {
    clearTimeout(this.#timer);
    for (const text of this.#held ?? []) tell(text);
    this.#held = null;
  }
}

function tell(text: string): void {
  console.error(styleText('dim', text, { stream: process.stderr }));
}
