import * as z from 'zod';
import { settingsMatchType, type Tagged } from '../schema/tagged.ts';
import { extensionRef } from './extension-ref.ts';
import { notRepeated } from './filter-list.ts';
import { headerModifier } from './header-modifier.ts';
import { requestMirror } from './http-mirror.ts';

/** Each filter type and the field with its settings. */
const settingsFields = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  ExtensionRef: 'extensionRef',
} as const;

const filterTypes = Object.keys(settingsFields) as (keyof typeof settingsFields)[];

const declaredFilter = z
  .strictObject({
    type: z.enum(filterTypes).describe('What the filter does.'),
    requestHeaderModifier: headerModifier.optional().describe('Settings of RequestHeaderModifier.'),
    responseHeaderModifier: headerModifier.optional().describe('Settings of ResponseHeaderModifier.'),
    requestMirror: requestMirror.optional().describe('Settings of RequestMirror.'),
    extensionRef: extensionRef.optional().describe('The resource that ExtensionRef refers to.'),
  })
  .check(settingsMatchType(settingsFields, 'filter type', 'a map'));

const filter = declaredFilter as unknown as z.ZodType<Tagged<z.output<typeof declaredFilter>, typeof settingsFields>>;

/** The filters of a gRPC rule or of one of its backend references, in the order in which they run. */
export const grpcRouteFilters = z.array(filter).max(16).check(notRepeated(filterTypes));
