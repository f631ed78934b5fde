import * as z from 'zod';
import { group, kindName, namespaceName, objectName, port, sectionName } from '../schema/field.ts';
import { rule } from '../schema/rule.ts';
import { quote } from '../schema/wording.ts';

const parentRef = z.strictObject({
  group: group().default('gateway.networking.k8s.io').describe('API group: that of Gateway, or empty for Service.'),
  kind: kindName().default('Gateway').describe('Gateway, or Service for a route in the mesh.'),
  namespace: namespaceName().optional().describe('Namespace of the parent; absent: that of the route.'),
  name: objectName().describe('Name of the parent.'),
  sectionName: sectionName().optional().describe('Listener of the Gateway, or port name of the Service; absent: all.'),
  port: port().optional().describe('Only the listeners (or the Service port) with this number.'),
});

type ParentRef = z.output<typeof parentRef>;

const parentOf = ({ group: apiGroup, kind, namespace, name }: ParentRef) =>
  JSON.stringify([apiGroup, kind, namespace, name]);

const sectionsTellApart = rule<ParentRef[]>([], function* (refs) {
  for (const [i, ref] of refs.entries()) {
    const siblings = refs.filter((other) => parentOf(other) === parentOf(ref));
    const mixed = siblings.some(
      ({ sectionName: section }) => (section === undefined) !== (ref.sectionName === undefined),
    );
    if (mixed && ref.sectionName === undefined) {
      const message = `required where several references name the same parent ${quote(ref.name)}`;
      yield { path: [i, 'sectionName'], message, expected: 'the name of a listener' };
    }
    const first = refs.findIndex((other) => parentOf(other) === parentOf(ref) && other.sectionName === ref.sectionName);
    if (first < i) {
      const message = `parent ${quote(ref.name)} is already referred to by item ${first}`;
      yield { path: [i], message, expected: 'a sectionName of its own for each reference to the same parent' };
    }
  }
});

/** The resources that a route attaches to. */
export const parentRefs = z.array(parentRef).max(32).check(sectionsTellApart);
