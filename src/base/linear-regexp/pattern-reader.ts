/** Why a pattern is refused. Thrown inside the parser only; the parser's caller gets it as a value. */
export class PatternFault extends Error {
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(reason);
    this.offset = offset;
  }
}

/** A cursor over the pattern's text. */
export class PatternReader {
  readonly source: string;
  at = 0;

  constructor(source: string) {
    this.source = source;
  }

  get done(): boolean {
    return this.at >= this.source.length;
  }

  /** The code unit at the cursor, or the empty string at the end. */
  peek(): string {
    return this.source.charAt(this.at);
  }

  take(): string {
    return this.source.charAt(this.at++);
  }

  /** Moves over `text` if the pattern goes on with it. */
  accept(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /**
   * Takes everything before the next `stop` and moves over it.
   * @returns undefined, with the cursor unmoved, when `stop` never comes
   */
  acceptUntil(stop: string): string | undefined {
    const end = this.source.indexOf(stop, this.at);
    if (end < 0) return undefined;
    const text = this.source.slice(this.at, end);
    this.at = end + stop.length;
    return text;
  }

  /** Takes decimal digits. @returns NaN when there are none; saturates far above every limit */
  takeNumber(): number {
    const from = this.at;
    while (this.peek() >= '0' && this.peek() <= '9') this.at++;
    return from === this.at ? NaN : Number(this.source.slice(from, this.at));
  }
}
