import { rule } from '../schema/rule.ts';

/** Types of which a list may have several. */
const repeatable: ReadonlySet<string> = new Set(['RequestMirror', 'ExtensionRef']);

/**
 * Makes the rule that a list has at most one filter of each type; copies may go to several places.
 *
 * @param known an unknown type is objected to by itself
 */
export const notRepeated = (known: readonly string[]) =>
  rule<{ type: string }[]>(['*.type'], function* (filters) {
    const types = filters.map(({ type }) => type);
    for (const [i, type] of types.entries()) {
      if (types.indexOf(type) < i && !repeatable.has(type) && known.includes(type)) {
        yield {
          path: [i, 'type'],
          message: `filter ${type} cannot be repeated`,
          expected: 'one such filter in the list',
        };
      }
    }
  });
