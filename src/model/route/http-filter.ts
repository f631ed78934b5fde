import * as z from 'zod';
import { rule } from '../schema/rule.ts';
import { settingsMatchType, type Tagged } from '../schema/tagged.ts';
import { extensionRef } from './extension-ref.ts';
import { notRepeated } from './filter-list.ts';
import { headerModifier } from './header-modifier.ts';
import { corsFilter } from './http-cors.ts';
import { requestMirror } from './http-mirror.ts';
import { requestRedirect, urlRewrite } from './http-rewrite.ts';

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

const oneWayToTheTarget = rule<DeclaredFilter[]>(['*.type'], function* (filters) {
  const types = filters.map(({ type }) => type);
  if (types.includes('RequestRedirect') && types.includes('URLRewrite')) {
    const path = [Math.max(types.indexOf('RequestRedirect'), types.indexOf('URLRewrite')), 'type'];
    yield { path, message: 'RequestRedirect and URLRewrite cannot stand together', expected: 'one of the two' };
  }
});

/** The filters of a rule or of one of its backend references, in the order in which they run. */
export const httpRouteFilters = z.array(filter).max(16).check(notRepeated(filterTypes), oneWayToTheTarget);
