import * as z from 'zod';
import { rule } from '../schema/rule.ts';
import { backendRefFields, servicePortGiven } from './backend-ref.ts';

const maxInt32 = 2_147_483_647;

const fraction = z
  .strictObject({
    numerator: z.int().min(0).max(maxInt32).describe('How many requests to copy …'),
    denominator: z.int().min(1).max(maxInt32).default(100).describe('… of how many.'),
  })
  .check(
    rule([], function* ({ numerator, denominator }) {
      if (numerator <= denominator) return;
      yield { path: ['numerator'], message: `found ${numerator}`, expected: `at most the denominator, ${denominator}` };
    }),
  );

/** Where copies of requests go, and how many of them. */
export const requestMirror = z
  .strictObject({
    backendRef: z
      .strictObject(backendRefFields)
      .check(servicePortGiven)
      .describe('Where copies are sent; their responses are ignored.'),
    percent: z.int().min(0).max(100).optional().describe('Share of requests to copy, in percent; absent: all.'),
    fraction: fraction.optional().describe('Share of requests to copy, as a fraction; absent: all.'),
  })
  .check(
    rule(['percent', 'fraction'], function* ({ percent, fraction: share }) {
      if (percent === undefined || share === undefined) return;
      const message = 'must not be given together with percent';
      yield { path: ['fraction'], message, expected: 'either percent or fraction' };
    }),
  );
