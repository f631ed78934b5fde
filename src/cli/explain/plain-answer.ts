import type { Answer } from '#proxy/exchange/answer.ts';

export type HeaderLine = readonly [name: string, value: string];

/** What is answered instead of a backend. */
export interface AnswerExplanation {
  readonly status: number;
  readonly headers: readonly HeaderLine[];
}

/** Describes what is answered instead of a backend. */
export function plainAnswer({ status, fields }: Answer): AnswerExplanation {
  return { status, headers: headerLines(fields.entries) };
}

/** @param entries names and values in turn */
export function headerLines(entries: readonly string[]): HeaderLine[] {
  const found: HeaderLine[] = [];
  for (let i = 0; i + 1 < entries.length; i += 2) found.push([entries[i]!, entries[i + 1]!]);
  return found;
}
