import * as z from 'zod';
import { group, headerName, kindName, objectName } from '../schema/field.ts';
import { distinct, rule } from '../schema/rule.ts';
import { settingsMatchType, type Tagged } from '../schema/tagged.ts';
import { corsFilter } from './http-cors.ts';
import { uniqueNames } from './http-match.ts';
import { requestMirror } from './http-mirror.ts';
import { requestRedirect, urlRewrite } from './http-rewrite.ts';

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

const headerModifier = z.strictObject({
  set: z.array(header).max(16).check(uniqueNames).default([]).describe('Headers to write in place of what is there.'),
  add: z.array(header).max(16).check(uniqueNames).default([]).describe('Headers to append to what is there.'),
  remove: z.array(z.string()).max(16).check(distinct).default([]).describe('Names of headers to take away.'),
});

const extensionRef = z.strictObject({
  group: group().describe('API group of the referent.'),
  kind: kindName().describe('Kind of the referent.'),
  name: objectName().describe('Name of the referent, in the namespace of the route.'),
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

const declaredFilter = z
  .strictObject({
    type: z.enum(filterTypes).describe('What the filter does.'),
    requestHeaderModifier: headerModifier.optional().describe('Settings of RequestHeaderModifier.'),
    responseHeaderModifier: headerModifier.optional().describe('Settings of ResponseHeaderModifier.'),
    requestMirror: requestMirror.optional().describe('Settings of RequestMirror.'),
    requestRedirect: requestRedirect.optional().describe('Settings of RequestRedirect.'),
    urlRewrite: urlRewrite.optional().describe('Settings of URLRewrite.'),
    extensionRef: extensionRef.optional().describe('The resource that ExtensionRef refers to.'),
    cors: corsFilter.optional().describe('Settings of CORS.'),
  })
  .check(settingsMatchType(settingsFields, 'filter type', 'a map'));

/** One filter of a rule or of a backend reference; its type tells which settings it has. */
export type DeclaredFilter = Tagged<z.output<typeof declaredFilter>, typeof settingsFields>;

const filter = declaredFilter as unknown as z.ZodType<DeclaredFilter>;

/** Types of which a list may have several. */
const repeatable: ReadonlySet<FilterType> = new Set(['RequestMirror', 'ExtensionRef']);

const filtersGoTogether = rule<DeclaredFilter[]>(['*.type'], function* (filters) {
  const types = filters.map(({ type }) => type);
  for (const [i, type] of types.entries()) {
    if (types.indexOf(type) < i && !repeatable.has(type) && filterTypes.includes(type)) {
      yield {
        path: [i, 'type'],
        message: `filter ${type} cannot be repeated`,
        expected: 'one such filter in the list',
      };
    }
  }
  if (types.includes('RequestRedirect') && types.includes('URLRewrite')) {
    const path = [Math.max(types.indexOf('RequestRedirect'), types.indexOf('URLRewrite')), 'type'];
    yield { path, message: 'RequestRedirect and URLRewrite cannot stand together', expected: 'one of the two' };
  }
});

/** The filters of a rule or of one of its backend references, in the order in which they run. */
export const httpRouteFilters = z.array(filter).max(16).check(filtersGoTogether);
