import { FIELD_NAMES, FIRST_ORDINARY } from './field-names.ts';

/*
 * What frames a message, belongs to one connection, or became a property of the head (see `Fields`). Something that
 * put one of these among the fields would let a route's author smuggle requests: a second Content-Length is one.
 */
const HEAD_FIELDS = new Set(FIELD_NAMES.slice(1, FIRST_ORDINARY));

/**
 * Whether a name is one that `Fields` never holds, because codecs turn it into a property of the head or drop it.
 * @param name lower case
 * @see RFC 9110 §7.6.1
 */
export function isHeadField(name: string): boolean {
  return HEAD_FIELDS.has(name);
}
