import * as z from 'zod';
import { headerName } from '../schema/field.ts';
import { distinct, uniqueNames } from '../schema/rule.ts';

const headerValuePattern = /^[^\0-\x08\x0a-\x1f\x7f]*$/;

/** A line break would let the value start a header of its own. The value may be a credential: it is not shown. */
const headerValue = z
  .string()
  .min(1)
  .max(4096)
  .refine((value) => headerValuePattern.test(value), {
    error: 'holds a line break or another control character',
    params: { expected: 'a value on one line' },
  });

const header = z.strictObject({
  name: headerName().describe('Name of the header, in any case.'),
  value: headerValue.describe('Its value.'),
});

/** What is changed of the headers of a request or a response. */
export const headerModifier = z.strictObject({
  set: z.array(header).max(16).check(uniqueNames).default([]).describe('Headers to write in place of what is there.'),
  add: z.array(header).max(16).check(uniqueNames).default([]).describe('Headers to append to what is there.'),
  remove: z.array(z.string()).max(16).check(distinct).default([]).describe('Names of headers to take away.'),
});
