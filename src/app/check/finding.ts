/** What was found out about one thing. */
export interface Finding {
  /** `bad`: it does not work so; `doubtful`: it may not, or not for long. */
  readonly level: 'good' | 'doubtful' | 'bad';
  /** Of what: one or two words, as in `state folder`. */
  readonly about: string;
  /** Lower case, no final period. */
  readonly text: string;
  /** What to do; '' where nothing is to be done. */
  readonly advice: string;
}

/** Makes findings about one thing. */
export function findingsAbout(about: string) {
  const make =
    (level: Finding['level']) =>
    (text: string, advice = ''): Finding => ({ level, about, text, advice });
  return { good: make('good'), doubtful: make('doubtful'), bad: make('bad') };
}
