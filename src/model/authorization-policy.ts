import * as z from 'zod';
import { exactPath } from './policy/authorization-pattern.ts';
import { authorizationRule } from './policy/authorization-rule.ts';
import { authorizationTarget, withGroup } from './policy/authorization-target.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { distinct, rule, unique, uniqueNames, type Objection } from './schema/rule.ts';
import { quote } from './schema/wording.ts';

/** The group follows from the kind, so that a reference with it and one without it are the same. */
const distinctTargets = unique<{ kind: string; name: string; sectionName?: string | undefined }>(
  [],
  [],
  ({ kind, name, sectionName }) => JSON.stringify([kind, name, sectionName]),
  ({ name }) => `target ${quote(name)}`,
);

const fields = {
  spec: z
    .strictObject({
      targetRefs: z
        .array(authorizationTarget())
        .min(1)
        .max(16)
        .check(distinctTargets)
        .describe('What the policy protects. All policies for a request count, whatever they are attached to.'),
      action: z
        .enum(['ALLOW', 'DENY', 'AUDIT'])
        .describe(
          'DENY: what a rule matches is refused. ALLOW: what no rule of any such policy for the target matches is refused. ' +
            'AUDIT: what would be refused is recorded in the access log and in metrics.',
        ),
      auditedAction: z
        .enum(['ALLOW', 'DENY'])
        .optional()
        .describe('For AUDIT: which action is tried out; absent: DENY.'),
      exemptPaths: z
        .array(exactPath())
        .max(16)
        .check(distinct)
        .default([])
        .describe('Exact paths that the policy does not judge, such as those of health probes.'),
      rules: z
        .array(authorizationRule)
        .max(128)
        .check(uniqueNames)
        .default([])
        .describe('Any one that matches counts. None: ALLOW refuses everything, DENY nothing.'),
    })
    .check(
      rule(['action', 'auditedAction'], function* ({ action, auditedAction }) {
        if (action !== 'AUDIT' && auditedAction !== undefined)
          yield {
            path: ['auditedAction'],
            message: `must not be given for action ${action}`,
            expected: 'action AUDIT',
          };
      }),
    ),
};

/** Who may ask for what. */
export type AuthorizationPolicy = ResourceWith<'AuthorizationPolicy', 'selvage.dev/v1alpha1', typeof fields>;

type Spec = AuthorizationPolicy['spec'];

export const authorizationPolicyKind = defineKind({
  name: 'AuthorizationPolicy',
  description: 'Who may ask for what.',
  apiVersions: ['selvage.dev/v1alpha1'],
  fields,
  complete: ({ spec }) => ({ spec: { ...spec, targetRefs: spec.targetRefs.map(withGroup) } }),
  *cautionsOf({ spec }) {
    if (effectOf(spec) === 'DENY' && spec.rules.length === 0)
      yield {
        path: ['spec', 'rules'],
        message: 'a policy that denies without rules has no effect',
        expected: 'at least one rule',
      };
    yield* unreachable(spec);
    for (const [i, { from = [], to = [] }] of spec.rules.entries()) {
      for (const [j, source] of from.entries()) yield* contradictions(source, ['spec', 'rules', i, 'from', j]);
      for (const [j, operation] of to.entries()) {
        const path = ['spec', 'rules', i, 'to', j];
        yield* contradictions(operation, path);
        if (effectOf(spec) === 'DENY') yield* openRoots(operation.paths ?? [], [...path, 'paths']);
      }
    }
  },
});

function effectOf({ action, auditedAction = 'DENY' }: Spec): 'ALLOW' | 'DENY' {
  return action === 'AUDIT' ? auditedAction : action;
}

/** Behind a rule that asks for nothing no other decides. */
function* unreachable({ rules }: Spec): Iterable<Objection> {
  const all = rules.findIndex(({ from, to }) => from === undefined && to === undefined);
  if (all === -1) return;
  for (const i of rules.keys()) {
    if (i <= all) continue;
    yield {
      path: ['spec', 'rules', i],
      message: `has no effect: rule ${all} matches everything`,
      expected: 'rules with from or to',
    };
  }
}

/** What is asked for and ruled out at once. */
function* contradictions(declared: object, path: readonly (string | number)[]): Iterable<Objection> {
  const fieldsOf = declared as Readonly<Record<string, readonly unknown[] | undefined>>;
  for (const [field, values] of Object.entries(fieldsOf)) {
    const negated = `not${field.charAt(0).toUpperCase()}${field.slice(1)}`;
    const excluded = fieldsOf[negated];
    if (!Array.isArray(values) || !Array.isArray(excluded)) continue;
    if (values.every((value) => excluded.includes(value) || excluded.includes('*')))
      yield {
        path: [...path, negated],
        message: `never holds: all of ${field} is ruled out`,
        expected: `other values than in ${field}`,
      };
  }
}

/** Whoever denies `/admin/*` nearly always means `/admin` too. */
function* openRoots(paths: readonly string[], path: readonly (string | number)[]): Iterable<Objection> {
  for (const [i, declared] of paths.entries()) {
    const root = declared.slice(0, -2);
    if (!declared.endsWith('/*') || root === '' || root.includes('{') || root.startsWith('*')) continue;
    if (paths.some((other) => other === root || other === `${root}*` || other === '*' || other === '/*')) continue;
    yield {
      path: [...path, i],
      message: `does not deny ${root} itself`,
      expected: `${quote(root)} beside it, where that is meant`,
    };
  }
}
