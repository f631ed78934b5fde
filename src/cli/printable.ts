/** What could write escape sequences to a terminal, further lines, or text that reads in another order than it is. */
const UNPRINTABLE = /[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Shows as text what came from elsewhere: names and reasons are what some peer has said. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
