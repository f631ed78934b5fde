import { nearestWord } from './nearest-word.ts';

/** Lists what is known, and asks whether the nearest was meant. */
export function choices(word: unknown, known: readonly string[]): string {
  const list = known.length === 1 ? String(known[0]) : `one of ${known.join(', ')}`;
  const nearest = typeof word === 'string' ? nearestWord(word, known) : undefined;
  return nearest === undefined || known.length === 1 ? list : `${list} (did you mean ${nearest}?)`;
}

/** Names a value's type, and the value itself where it is short and no secret. */
export function describeValue(value: unknown, confidential: boolean): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const type = typeof value === 'string' ? 'the string' : `the ${typeof value}`;
  if (confidential) return `a ${typeof value}`;
  return `${type} ${quote(value)}`;
}

/** Quotes a value for a message, cut where it is long. */
export function quote(value: unknown): string {
  const text = String(value);
  const cut = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return typeof value === 'string' ? JSON.stringify(cut) : cut;
}
