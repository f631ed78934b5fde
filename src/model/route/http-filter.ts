import * as z from 'zod';
import { backendRefFields, servicePortGiven } from './backend-ref.ts';
import { corsFilter } from './http-cors.ts';
import { uniqueNames } from './http-match.ts';
import { group, headerName, kindName, objectName, port, preciseHostname } from '../schema/field.ts';
import { distinct, rule } from '../schema/rule.ts';

/** Line breaks in what a filter writes would let a header value start a header of its own. */
// oxlint-disable-next-line no-control-regex -- finding them is the point
const headerValuePattern = /^[^\0-\x08\x0a-\x1f\x7f]*$/;
// oxlint-disable-next-line no-control-regex -- finding them is the point
const pathPattern = /^[^\0-\x20\x7f]*$/;

const header = z.strictObject({
  name: headerName().describe('Name of the header, in any case.'),
  value: z
    .string()
    .min(1)
    .max(4096)
    .regex(headerValuePattern, 'a value without line breaks and control characters')
    .describe('Its value.'),
});

const headerModifier = z.strictObject({
  set: z.array(header).max(16).check(uniqueNames).default([]).describe('Headers to write in place of what is there.'),
  add: z.array(header).max(16).check(uniqueNames).default([]).describe('Headers to append to what is there.'),
  remove: z.array(z.string()).max(16).check(distinct).default([]).describe('Names of headers to take away.'),
});

const replacement = () => z.string().max(1024).regex(pathPattern, 'a path without spaces and control characters');

const pathModifier = z
  .strictObject({
    type: z.enum(['ReplaceFullPath', 'ReplacePrefixMatch']).describe('What of the path is replaced.'),
    replaceFullPath: replacement().optional().describe('The new path; for ReplaceFullPath.'),
    replacePrefixMatch: replacement()
      .optional()
      .describe('What stands in place of the matched prefix; for ReplacePrefixMatch.'),
  })
  .check(
    rule(['type', 'replaceFullPath', 'replacePrefixMatch'], function* (modifier) {
      for (const [type, field] of [
        ['ReplaceFullPath', 'replaceFullPath'],
        ['ReplacePrefixMatch', 'replacePrefixMatch'],
      ] as const) {
        const given = modifier[field] !== undefined;
        if (modifier.type === type && !given)
          yield { path: [field], message: `required for type ${type}`, expected: 'a path' };
        if (modifier.type !== type && given)
          yield { path: [field], message: `must not be given for type ${modifier.type}`, expected: `type ${type}` };
      }
    }),
  );

const requestMirror = z
  .strictObject({
    backendRef: z
      .strictObject(backendRefFields)
      .check(servicePortGiven)
      .describe('Where copies are sent; their responses are ignored.'),
    percent: z.int().min(0).max(100).optional().describe('Share of requests to copy, in percent; absent: all.'),
    fraction: z
      .strictObject({
        numerator: z.int().min(0).max(2_147_483_647).describe('How many requests to copy …'),
        denominator: z.int().min(1).max(2_147_483_647).default(100).describe('… of how many.'),
      })
      .check(
        rule([], function* ({ numerator, denominator }) {
          if (numerator > denominator) {
            yield {
              path: ['numerator'],
              message: `found ${numerator}`,
              expected: `at most the denominator, ${denominator}`,
            };
          }
        }),
      )
      .optional()
      .describe('Share of requests to copy, as a fraction; absent: all.'),
  })
  .check(
    rule(['percent', 'fraction'], function* ({ percent, fraction }) {
      if (percent !== undefined && fraction !== undefined) {
        yield {
          path: ['fraction'],
          message: 'must not be given together with percent',
          expected: 'either percent or fraction',
        };
      }
    }),
  );

const requestRedirect = z.strictObject({
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

const urlRewrite = z.strictObject({
  hostname: preciseHostname().optional().describe('Host to send instead of that of the request.'),
  path: pathModifier.optional().describe('Path to send instead of that of the request.'),
});

/** Each filter type and the field with its settings. */
const settingsFields = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  ExtensionRef: 'extensionRef',
  CORS: 'cors',
} as const;

type FilterType = keyof typeof settingsFields;
const filterTypes = Object.keys(settingsFields) as FilterType[];

const settings = {
  requestHeaderModifier: headerModifier.optional().describe('Settings of RequestHeaderModifier.'),
  responseHeaderModifier: headerModifier.optional().describe('Settings of ResponseHeaderModifier.'),
  requestMirror: requestMirror.optional().describe('Settings of RequestMirror.'),
  requestRedirect: requestRedirect.optional().describe('Settings of RequestRedirect.'),
  urlRewrite: urlRewrite.optional().describe('Settings of URLRewrite.'),
  extensionRef: z
    .strictObject({
      group: group().describe('API group of the referent.'),
      kind: kindName().describe('Kind of the referent.'),
      name: objectName().describe('Name of the referent, in the namespace of the route.'),
    })
    .optional()
    .describe('The resource that ExtensionRef refers to.'),
  cors: corsFilter.optional().describe('Settings of CORS.'),
};

const filter = z.strictObject({ type: z.enum(filterTypes).describe('What the filter does.'), ...settings }).check(
  rule(['type', ...Object.keys(settings)], function* (declared) {
    for (const [type, field] of Object.entries(settingsFields)) {
      const given = declared[field] !== undefined;
      if (declared.type === type && !given)
        yield { path: [field], message: `required for filter type ${type}`, expected: 'a map' };
      if (declared.type !== type && given) {
        yield {
          path: [field],
          message: `must not be given for filter type ${declared.type}`,
          expected: `type ${type}`,
        };
      }
    }
  }),
);

/** One filter of a rule or of a backend reference. */
export type HTTPRouteFilterInput = z.output<typeof filter>;

/** Types of which a list may have several. */
const repeatable: ReadonlySet<FilterType> = new Set(['RequestMirror', 'ExtensionRef']);

/** The filters of a rule or of one of its backend references, in the order in which they run. */
export const httpRouteFilters = z
  .array(filter)
  .max(16)
  .check(
    rule<HTTPRouteFilterInput[]>(['*.type'], function* (filters) {
      const types = filters.map(({ type }) => type);
      for (const [i, type] of types.entries()) {
        if (types.indexOf(type) < i && !repeatable.has(type) && filterTypes.includes(type)) {
          yield { path: [i, 'type'], message: `filter ${type} cannot be repeated`, expected: 'it once in the list' };
        }
      }
      if (types.includes('RequestRedirect') && types.includes('URLRewrite')) {
        const path = [Math.max(types.indexOf('RequestRedirect'), types.indexOf('URLRewrite')), 'type'];
        yield { path, message: 'RequestRedirect and URLRewrite cannot stand together', expected: 'one of the two' };
      }
    }),
  );
