import { styleText } from 'node:util';

/** What a word means; colours follow from it. */
export type Tone = 'strong' | 'faint' | 'good' | 'doubtful' | 'bad' | 'place';

const STYLES = {
  strong: 'bold',
  faint: 'dim',
  good: 'green',
  doubtful: 'yellow',
  bad: 'red',
  place: 'cyan',
} as const;

/** Puts a tone on a text, or returns it as it is where the stream shows no colours. */
export type Paint = (tone: Tone, text: string) => string;

/** Where a command writes: results to one stream, everything meant for people only to the other. */
export interface Terminal {
  /** Writes a line of the result. */
  print(line: string): void;
  /** Writes a line for people: progress, problems. */
  say(line: string): void;
  /** For {@link print}. */
  readonly paint: Paint;
  /** For {@link say}. */
  readonly paintSaid: Paint;
}

interface Stream {
  write(text: string): unknown;
}

/** Colours only where the stream is a terminal, and never where NO_COLOR is set (https://no-color.org). */
export function createTerminal(out: Stream & NodeJS.WritableStream, err: Stream & NodeJS.WritableStream): Terminal {
  return {
    print: (line) => out.write(`${line}\n`),
    say: (line) => err.write(`${line}\n`),
    paint: (tone, text) => styleText(STYLES[tone], text, { stream: out }),
    paintSaid: (tone, text) => styleText(STYLES[tone], text, { stream: err }),
  };
}

/** For output that goes to no terminal. */
export const plain: Paint = (_tone, text) => text;
