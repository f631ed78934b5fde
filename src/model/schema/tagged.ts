import type * as z from 'zod';
import { rule } from './rule.ts';

/** For each value of `type`, the field that holds its settings. */
export type SettingsFields = Readonly<Record<string, string>>;

/** What a checked object is: exactly the settings that its `type` asks for, so that the type tells them apart. */
export type Tagged<Declared, Fields extends Readonly<Record<string, keyof Declared>>> = {
  [T in keyof Fields]: { type: T } & { [K in Fields[T]]: NonNullable<Declared[K]> } & {
    [K in Exclude<Fields[keyof Fields], Fields[T]>]?: undefined;
  };
}[keyof Fields];

/**
 * Makes the rule that an object has the settings of its type, and of no other.
 *
 * @param what names the field `type` in messages
 * @param settings what the settings are, worded to follow "expected"
 */
export function settingsMatchType(
  fields: SettingsFields,
  what: string,
  settings: string,
): z.core.$ZodCheck<{ type: string }> {
  return rule<{ type: string }>(['type', ...Object.values(fields)], function* (declared) {
    // An unknown type is objected to by itself, and says nothing about the settings.
    if (!Object.hasOwn(fields, declared.type)) return;
    for (const [type, field] of Object.entries(fields)) {
      const given = (declared as unknown as Record<string, unknown>)[field] !== undefined;
      if (declared.type === type && !given) {
        yield { path: [field], message: `required for ${what} ${type}`, expected: settings };
      }
      if (declared.type !== type && given) {
        const message = `must not be given for ${what} ${declared.type}`;
        yield { path: [field], message, expected: `type ${type}` };
      }
    }
  });
}
