import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocuments } from '#model/documents.ts';
import { securityKinds } from './security-kinds.ts';

const closes = (spec: string): boolean => {
  const { rejected } = parseDocuments(
    'f.yaml',
    `apiVersion: selvage.dev/v1alpha1\nkind: AuthorizationPolicy\nmetadata: {name: p}\nspec: ${spec}\n`,
  );
  assert.equal(rejected.length, 1, spec);
  return securityKinds.AuthorizationPolicy!.closes(rejected[0]!);
};

const target = 'targetRefs: [{group: "", kind: Service, name: cart}]';

for (const spec of [`{${target}, action: AUDIT, colour: red}`, `{${target}, action: AUDIT, rules: [{from: 1}]}`])
  test(`an AuthorizationPolicy that is no more than an audit closes nothing: ${spec}`, () =>
    assert.equal(closes(spec), false));

for (const spec of [
  `{${target}, action: DENY, colour: red}`,
  `{${target}, action: ALLOW, auditedAction: ALLOW}`,
  `{${target}, action: audit}`,
  `{${target}, action: [AUDIT]}`,
  `{${target}}`,
  // Which of the two is meant cannot be told.
  `{${target}, action: AUDIT, action: DENY}`,
])
  test(`an AuthorizationPolicy that may refuse closes its targets: ${spec}`, () => assert.equal(closes(spec), true));
