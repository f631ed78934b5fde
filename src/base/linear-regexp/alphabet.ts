import { type CodeRanges, MAX_CODE } from './code-ranges.ts';

/**
 * Code units grouped into the fewest symbols that the sets of a pattern tell apart.
 *
 * `[a-z]+/\d` knows four symbols and not 65,536 code units; the automaton's table has a column for each symbol.
 */
export interface Alphabet {
  readonly symbolCount: number;
  /** Symbols of the first 256 code units: all that a latin1 string has. */
  readonly latin1: Uint16Array;
  /** Where each run of code units with the same symbol starts; sorted, first 0. */
  readonly starts: Uint16Array;
  readonly symbols: Uint16Array;
  /** `members[set * symbolCount + symbol]` is 1 where the set has the symbol. */
  readonly members: Uint8Array;
}

/** Groups code units. @param sets - the distinct sets of the pattern, merged */
export function createAlphabet(sets: readonly CodeRanges[]): Alphabet {
  const starts = startsOf(sets);
  const signatures = starts.map((start) => signatureOf(start, sets));
  const numbers = new Map<string, number>();
  for (const signature of signatures) if (!numbers.has(signature)) numbers.set(signature, numbers.size);
  const symbols = Uint16Array.from(signatures, (signature) => numbers.get(signature) ?? 0);
  const alphabet = {
    symbolCount: numbers.size,
    latin1: new Uint16Array(256),
    starts: Uint16Array.from(starts),
    symbols,
  };
  for (let code = 0; code < 256; code++) alphabet.latin1[code] = searchSymbol(alphabet, code);
  return { ...alphabet, members: membersOf(sets, numbers) };
}

/** The symbol of a code unit. */
export function symbolOf(alphabet: Alphabet, code: number): number {
  return code < 256 ? (alphabet.latin1[code] as number) : searchSymbol(alphabet, code);
}

function searchSymbol({ starts, symbols }: Pick<Alphabet, 'starts' | 'symbols'>, code: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= code) low = middle;
    else high = middle - 1;
  }
  return symbols[low] as number;
}

function startsOf(sets: readonly CodeRanges[]): number[] {
  const starts = new Set([0]);
  for (const set of sets) {
    for (let i = 0; i < set.length; i += 2) {
      starts.add(set[i] ?? 0);
      const after = (set[i + 1] ?? 0) + 1;
      if (after <= MAX_CODE) starts.add(after);
    }
  }
  return [...starts].sort((a, b) => a - b);
}

/** Which sets have the code unit: one character per set, so that equal signatures mean the same symbol. */
function signatureOf(code: number, sets: readonly CodeRanges[]): string {
  let signature = '';
  for (const set of sets) signature += hasCode(set, code) ? '1' : '0';
  return signature;
}

function hasCode(set: CodeRanges, code: number): boolean {
  for (let i = 0; i < set.length; i += 2) {
    if (code >= (set[i] ?? 0) && code <= (set[i + 1] ?? 0)) return true;
  }
  return false;
}

function membersOf(sets: readonly CodeRanges[], numbers: ReadonlyMap<string, number>): Uint8Array {
  const members = new Uint8Array(sets.length * numbers.size);
  for (const [signature, symbol] of numbers) {
    for (let set = 0; set < sets.length; set++) {
      if (signature.charAt(set) === '1') members[set * numbers.size + symbol] = 1;
    }
  }
  return members;
}
