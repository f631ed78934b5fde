/**
 * Finds the known word that was probably meant.
 *
 * Typing errors are a small edit distance; a forgotten part (`Prefx` for `PathPrefix`) is a word whose letters all
 * stand in the known one, in order, or all of its last part (`h2c` for `kubernetes.io/h2c`).
 *
 * @returns the nearest word, or undefined when none is near enough to be worth a question
 */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  const written = word.toLowerCase().slice(0, 64);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const candidate of known) {
    const distance = likelyDistance(written, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function likelyDistance(written: string, candidate: string): number {
  if (candidate.endsWith(`/${written}`)) return 1;
  const distance = editDistance(written, candidate);
  const abbreviates =
    written.length >= 3 && written.length * 2 >= candidate.length && isSubsequence(written, candidate);
  return abbreviates ? Math.min(distance, 1.5) : distance;
}

/** Levenshtein distance in which a swap of neighbours counts once. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, beforeLast[j - 2]! + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

function isSubsequence(short: string, long: string): boolean {
  let at = 0;
  for (const letter of long) if (letter === short[at]) at++;
  return at === short.length;
}
