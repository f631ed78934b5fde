import { isFieldName, isFieldValue } from './token.ts';

/**
 * The fields of a message (RFC 9110 §5), in the order they came. Names are lower case, as HTTP/2 has them; what
 * frames a message or belongs to one connection (`host`, `content-length`, `connection` and what it names,
 * `transfer-encoding`, `keep-alive`, `te`, `upgrade`, `proxy-connection`) is never in here: the codecs turn it into
 * properties of the head, and back.
 *
 * A flat array keeps one allocation per message and makes the common look-up a scan over a handful of interned
 * strings, which beats a `Map` at the sizes that requests have.
 */
export class Fields {
  /** name, value, name, value, … Owned by this object; codecs append to it directly. */
  readonly entries: string[];
  #checked: boolean;

  /**
   * @param checked whether every name and value given is known to be valid, as a decoder knows; encoders then need not
   * look through them, which they do otherwise so that nobody's CR LF becomes a line of its own
   */
  constructor(entries: string[] = [], checked: boolean = entries.length === 0) {
    this.entries = entries;
    this.#checked = checked;
  }

  /** Whether every name and value may stand in a message (RFC 9110 §5.1, §5.5). Free where a decoder has vouched. */
  get valid(): boolean {
    if (!this.#checked) this.#checked = areValid(this.entries);
    return this.#checked;
  }

  /** How many field lines there are. */
  get size(): number {
    return this.entries.length >> 1;
  }

  /** @returns the value; several lines of one name joined with `, ` (RFC 9110 §5.3); `undefined` where absent. */
  get(name: string): string | undefined {
    const entries = this.entries;
    let value: string | undefined;
    for (let i = 0; i < entries.length; i += 2) {
      if (entries[i] === name) value = value === undefined ? entries[i + 1]! : `${value}, ${entries[i + 1]!}`;
    }
    return value;
  }

  /** @returns the value of the first line of that name: cheaper than `get` where only one makes sense. */
  first(name: string): string | undefined {
    const entries = this.entries;
    for (let i = 0; i < entries.length; i += 2) if (entries[i] === name) return entries[i + 1]!;
    return undefined;
  }

  has(name: string): boolean {
    return this.first(name) !== undefined;
  }

  /** Adds a line behind all others. @param name lower case */
  append(name: string, value: string): void {
    this.#check(name, value);
    this.entries.push(name, value);
  }

  /** Replaces all lines of that name by one, in the place of the first. @param name lower case */
  set(name: string, value: string): void {
    this.#check(name, value);
    const entries = this.entries;
    for (let i = 0; i < entries.length; i += 2) {
      if (entries[i] !== name) continue;
      entries[i + 1] = value;
      this.#removeFrom(i + 2, name);
      return;
    }
    entries.push(name, value);
  }

  /** Removes all lines of that name. @param name lower case */
  remove(name: string): void {
    this.#removeFrom(0, name);
  }

  clone(): Fields {
    return new Fields(this.entries.slice(), this.#checked);
  }

  /** What is set is looked at once, here; only where it is wrong does the encoder look again, and repair it. */
  #check(name: string, value: string): void {
    if (this.#checked && !(isFieldName(name) && isFieldValue(value))) this.#checked = false;
  }

  #removeFrom(from: number, name: string): void {
    const entries = this.entries;
    let kept = from;
    for (let i = from; i < entries.length; i += 2) {
      if (entries[i] === name) continue;
      if (kept !== i) {
        entries[kept] = entries[i]!;
        entries[kept + 1] = entries[i + 1]!;
      }
      kept += 2;
    }
    if (kept !== entries.length) entries.length = kept;
  }
}

function areValid(entries: readonly string[]): boolean {
  for (let i = 0; i < entries.length; i += 2) {
    if (!isFieldName(entries[i]!) || !isFieldValue(entries[i + 1]!)) return false;
  }
  return true;
}
