import * as z from 'zod';
import { group, kindName, objectName } from '../schema/field.ts';

/** A filter that is a resource of its own. */
export const extensionRef = z.strictObject({
  group: group().describe('API group of the referent.'),
  kind: kindName().describe('Kind of the referent.'),
  name: objectName().describe('Name of the referent, in the namespace of the route.'),
});
