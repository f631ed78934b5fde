/**
 * Chooses the media type that a client wants most (RFC 9110 §12.5.1).
 * @param accept the field's value; undefined where the request has none, which accepts anything
 * @param offered lower case, the server's favourite first: it wins between types of equal weight
 * @returns undefined where the client wants none of them
 */
export function preferredMediaType(accept: string | undefined, offered: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === '') return offered[0];
  const ranges = parseAccept(accept);
  let best: string | undefined;
  let bestWeight = 0;
  for (const type of offered) {
    const weight = weightOf(type, ranges);
    if (weight <= bestWeight) continue;
    best = type;
    bestWeight = weight;
  }
  return best;
}

interface MediaRange {
  /** `type/subtype`, `type/*`, or a star on both sides; lower case. */
  readonly range: string;
  /** 0 … 1 */
  readonly weight: number;
}

/** Elements that are malformed are left out: a client that cannot say what it wants still gets an answer. */
function parseAccept(accept: string): MediaRange[] {
  const ranges: MediaRange[] = [];
  for (const element of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = element.split(';');
    if (range.includes('/')) ranges.push({ range: range.trim(), weight: parseWeight(parameters) });
  }
  return ranges;
}

/** Parameters other than `q` are not compared: what is offered here has none. */
function parseWeight(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    if (name.trim() !== 'q') continue;
    const weight = Number(value.trim());
    return weight >= 0 && weight <= 1 ? weight : 0;
  }
  return 1;
}

/** The most specific range that matches decides (RFC 9110 §12.5.1), whatever the weights of the others. */
function weightOf(type: string, ranges: readonly MediaRange[]): number {
  const group = `${type.slice(0, type.indexOf('/'))}/*`;
  const match =
    ranges.find((entry) => entry.range === type) ??
    ranges.find((entry) => entry.range === group) ??
    ranges.find((entry) => entry.range === '*/*');
  return match?.weight ?? 0;
}
