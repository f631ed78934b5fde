import * as z from 'zod';

/*
 * Named entries of any content, as a Secret and a ConfigMap hold them.
 */

/** The name of an entry. */
export const entryName = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^(?!\.{1,2}$)[-._a-zA-Z0-9]+$/, 'letters, digits, "-", "_" and "." only');

/** The entry with the certificates of authorities, in PEM: the one that other resources refer to. */
export const authoritiesEntry = 'ca.crt';

/** Of all entries together, as the Kubernetes API limits it. */
export const maxEntriesBytes = 1_048_576;

/** Go's decoder, whose reading of `data` counts, skips line breaks. */
const lineBreaks = /[\r\n]/g;

/** Tells whether a text is base64 as the Kubernetes API reads it. */
export function isBase64(text: string): boolean {
  const bare = text.replace(lineBreaks, '');
  return bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare);
}
