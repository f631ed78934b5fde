import * as z from 'zod';
import { port, preciseHostname } from '../schema/field.ts';
import { settingsMatchType, type Tagged } from '../schema/tagged.ts';

// Spaces and line breaks would end the request target.
const replacementPattern = /^[^\0-\x20\x7f]*$/;

const replacement = () =>
  z.string().max(1024).regex(replacementPattern, 'a path without spaces and control characters').optional();

const replacementFields = { ReplaceFullPath: 'replaceFullPath', ReplacePrefixMatch: 'replacePrefixMatch' } as const;

const declaredPathModifier = z
  .strictObject({
    type: z.enum(['ReplaceFullPath', 'ReplacePrefixMatch']).describe('What of the path is replaced.'),
    replaceFullPath: replacement().describe('The new path; for ReplaceFullPath.'),
    replacePrefixMatch: replacement().describe('What stands in place of the matched prefix; for ReplacePrefixMatch.'),
  })
  .check(settingsMatchType(replacementFields, 'type', 'a path'));

const pathModifier = declaredPathModifier as unknown as z.ZodType<
  Tagged<z.output<typeof declaredPathModifier>, typeof replacementFields>
>;

/** Where a redirect leads. */
export const requestRedirect = z.strictObject({
  scheme: z.enum(['http', 'https']).optional().describe('Scheme of the new location; absent: that of the request.'),
  hostname: preciseHostname().optional().describe('Host of the new location; absent: that of the request.'),
  path: pathModifier.optional().describe('Path of the new location; absent: that of the request.'),
  port: port()
    .optional()
    .describe('Port of the new location; absent: the one usual for `scheme`, or that of the listener.'),
  statusCode: z
    .literal([301, 302, 303, 307, 308])
    .default(302)
    .describe('Status of the answer: 301, 302, 303, 307 or 308.'),
});

/** What is changed of a request's target before it is sent on. */
export const urlRewrite = z.strictObject({
  hostname: preciseHostname().optional().describe('Host to send instead of that of the request.'),
  path: pathModifier.optional().describe('Path to send instead of that of the request.'),
});
