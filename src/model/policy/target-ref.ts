import type * as z from 'zod';
import { rule } from '../schema/rule.ts';
import { quote } from '../schema/wording.ts';

/** What a policy attaches to (GEP-713). */
interface TargetRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string | undefined;
}

const targetOf = ({ group, kind, name }: TargetRef) => JSON.stringify([group, kind, name]);

/** Several references to the same target must each name another section of it. */
export const targetsTellApart: z.core.$ZodCheck<TargetRef[]> = rule<TargetRef[]>([], function* (refs) {
  for (const [i, ref] of refs.entries()) {
    const siblings = refs.filter((other) => targetOf(other) === targetOf(ref));
    const same = siblings.filter(({ sectionName }) => sectionName === ref.sectionName);
    if (ref.sectionName === undefined && same.length < siblings.length) {
      const message = `required where several references name the same target ${quote(ref.name)}`;
      yield { path: [i, 'sectionName'], message, expected: 'the name of a section' };
    }
    if (same[0] !== ref) {
      const message = `target ${quote(ref.name)} is already referred to by item ${refs.indexOf(same[0]!)}`;
      yield { path: [i], message, expected: 'a sectionName of its own for each reference to the same target' };
    }
  }
});
