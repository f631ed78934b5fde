import * as z from 'zod';
import { sectionName } from '../schema/field.ts';
import { backendRefFields, servicePortGiven, weight } from './backend-ref.ts';

const backendRef = z.strictObject({ ...backendRefFields, weight: weight('connections') }).check(servicePortGiven);

/** The rules of a route that takes connections as they are: the standard has exactly one, and no match in it. */
export const streamRules = z
  .array(
    z.strictObject({
      name: sectionName().optional().describe('Name of the rule.'),
      backendRefs: z.array(backendRef).min(1).max(16).describe('Where connections go.'),
    }),
  )
  .min(1)
  .max(1);
